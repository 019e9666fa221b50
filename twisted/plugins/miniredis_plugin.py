"""Gives twistd the word `miniredis`."""

from twisted.application.service import ServiceMaker

miniredis = ServiceMaker("miniredis", "miniredis.app.tap", "A Redis-compatible server.", "miniredis")
