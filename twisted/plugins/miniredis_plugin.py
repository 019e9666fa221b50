"""Gives twistd the word `miniredis`, and endpoint strings the prefix `redis`."""

from twisted.application.service import ServiceMaker

from miniredis.server.endpoint_parser import HubEndpointParser

miniredis = ServiceMaker("miniredis", "miniredis.app.tap", "A Redis-compatible server.", "miniredis")
hub_endpoint = HubEndpointParser()
