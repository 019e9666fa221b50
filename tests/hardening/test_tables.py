"""Which test stands for which mistake and for which class of past vulnerabilities; each of them is there."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Final

import pytest

TESTS = Path(__file__).resolve().parents[1]
MISTAKES_FILE, PAST = "hardening/test_mistakes.py", "hardening/test_past_vulnerabilities.py"

#: In the order of their weight: the mistake, and file and name of its tests.
MISTAKES: Final[list[tuple[str, str]]] = [
    ("objects of the host within reach of Lua", "scripting/test_sandbox.py test_every_probe_is_contained"),
    ("Lua that crashes the process", "scripting/test_sandbox.py test_every_probe_is_contained"),
    (
        "a reply before the write is durable, a sync in the reactor",
        "dispatch/test_log_buffer.py test_output_waits_for_what_was_appended_before_it | "
        "persistence/test_append_only.py test_always_replies_after_the_sync | "
        "persistence/test_persistence_service.py test_syncs_happen_in_the_thread | "
        "persistence/test_crash.py test_acknowledged_writes_survive_a_kill",
    ),
    (
        "output without a bound",
        "server/test_hub_loop.py test_a_subscriber_over_its_hard_limit_is_cut_and_logged | "
        "server/test_protocol.py test_output_over_the_limit_cuts_the_client_off | "
        "system/test_load.py test_a_stopped_subscriber_is_cut_off_at_its_limit | "
        "system/test_load.py test_a_stopped_replica_is_cut_off_at_its_limit_and_catches_up",
    ),
    (
        "reading on while replies do not drain",
        f"{MISTAKES_FILE} test_who_does_not_read_is_not_run_for | "
        "server/test_fairness.py test_clients_that_ping_are_answered_in_every_turn_of_an_endless_pipeline",
    ),
    (
        "long work that blocks everybody",
        "server/test_fairness.py test_a_turn_that_has_had_its_time_leaves_the_rest_and_goes_round | "
        "datatypes/test_discarded.py test_a_large_table_outlives_its_owner_and_is_freed_in_slices | "
        "keyspace/test_snapshot.py test_everything_comes_back_in_steps | "
        "app/test_process.py test_the_collector_walks_what_was_there_at_the_start_no_more | "
        "dispatch/test_rare_ways.py test_of_many_silent_clients_a_round_looks_at_some_and_a_second_at_all | "
        "system/test_soak.py test_memory_is_flat_and_nothing_goes_unhandled",
    ),
    (
        "announced lengths",
        "resp/test_decoder.py test_what_is_held_is_what_was_received_and_not_what_was_announced | "
        "resp/test_reply_parser.py test_a_long_announcement_takes_no_memory | "
        f"{MISTAKES_FILE} test_an_announcement_takes_no_memory",
    ),
    (
        "lenient numbers",
        "resp/test_numbers.py test_other_spellings_of_integers_are_refused | "
        f"{MISTAKES_FILE} test_spellings_that_python_takes_are_refused | "
        f"{MISTAKES_FILE} test_spellings_of_doubles_that_python_takes_are_refused",
    ),
    (
        "forked children that do more than they may",
        "persistence/test_child_and_bases.py test_without_proc_a_child_closes_many_descriptors | "
        "persistence/test_child_and_bases.py test_a_child_ends_with_its_parent",
    ),
    (
        "errors of Deferreds that nobody handles",
        f"{MISTAKES_FILE} test_a_deferred_that_fails_is_a_reply_and_nobody_misses_its_error | "
        "system/test_soak.py test_memory_is_flat_and_nothing_goes_unhandled",
    ),
    (
        "a bus without authentication or bounds",
        "cluster/test_seal.py test_another_secret_is_found_out | "
        "cluster/test_seal.py test_a_repeated_frame_is_refused | "
        "cluster/test_bus.py test_what_is_no_frame_ends_the_link_and_changes_nothing | "
        "cluster/test_cluster_codec.py test_what_no_node_writes_is_refused",
    ),
    (
        "globs by regular expressions",
        f"resp/test_glob.py test_many_stars_do_not_take_long | {PAST} test_patterns_take_little_time",
    ),
    (
        "line ends in errors, formats in logs",
        "resp/test_encoder.py test_an_error_is_one_line | "
        "app/test_log.py test_what_a_user_sends_is_no_format_and_makes_no_lines | "
        f"{MISTAKES_FILE} test_texts_of_the_log_are_no_formats",
    ),
    (
        "secrets",
        "dispatch/test_acl.py test_a_password_is_needed_and_compared_as_a_hash | "
        "dispatch/test_acl.py test_passwords_do_not_get_into_logs_and_monitors | "
        f"{MISTAKES_FILE} test_what_is_compared_with_a_secret_is_compared_in_constant_time | "
        "app/test_process.py test_identifiers_come_from_the_system_and_not_from_a_seed | "
        "app/test_process.py test_a_unix_socket_is_more_open_than_asked_at_no_moment",
    ),
    (
        "pickle, eval, recursion on input",
        f"{MISTAKES_FILE} test_nothing_received_can_become_code | "
        f"{MISTAKES_FILE} test_nesting_without_end_is_an_error_and_no_recursion | "
        f"{MISTAKES_FILE} test_nesting_in_scripts_is_bounded",
    ),
]

#: Classes of vulnerabilities that Redis has had, and their tests.
PAST_VULNERABILITIES: Final[list[tuple[str, str]]] = [
    (
        "Lua: ranges of unpack, metatables of basic types, parser and collector, globals of the sandbox",
        "scripting/test_sandbox.py test_every_probe_is_contained",
    ),
    (
        "Lua: overflow in bit",
        "scripting/test_sandbox.py test_every_probe_is_contained | scripting/test_libraries.py test_bit",
    ),
    ("Lua: memory of cjson and cmsgpack", f"{MISTAKES_FILE} test_nesting_in_scripts_is_bounded"),
    ("Lua: line ends through error_reply", f"{PAST} test_no_script_makes_a_second_reply"),
    (
        "RESTORE of corrupt payloads",
        f"{PAST} test_a_payload_with_flipped_bits_is_an_error_or_a_value | "
        "commands/test_serialization.py test_a_corrupt_value_under_a_good_checksum_is_refused | "
        "formats/test_dump.py test_corrupt_values_are_refused",
    ),
    ("corrupt HyperLogLogs", f"{PAST} test_a_hyperloglog_made_by_hand_is_an_error_or_counts"),
    ("overflows of integers", f"{PAST} test_numbers_at_the_ends_of_their_range"),
    ("patterns", f"{PAST} test_patterns_take_little_time | resp/test_glob.py test_many_stars_do_not_take_long"),
    (
        "before authentication: huge requests",
        "resp/test_decoder.py test_strangers_may_not_announce_much | "
        "dispatch/test_authentication.py test_a_stranger_may_not_send_much",
    ),
    ("before authentication: output that grows, refusals", f"{MISTAKES_FILE} test_who_does_not_read_is_not_run_for"),
    ("before authentication: empty requests", f"{PAST} test_empty_requests_cost_nothing"),
    (
        "before authentication: TLS",
        "server/test_tls.py test_records_that_come_at_once_are_all_answered | "
        "server/test_tls.py test_a_thousand_idle_handshakes_cost_little_and_disturb_nobody | "
        "server/test_tls.py test_a_handshake_that_never_ends_is_given_up | "
        "server/test_tls.py test_renegotiation_is_refused",
    ),
    (
        "the bus: counts longer than the frame",
        "cluster/test_cluster_codec.py test_what_no_node_writes_is_refused | "
        "cluster/test_cluster_codec.py test_a_message_without_an_end_is_refused_at_last",
    ),
    (
        "malformed selectors of ACL rules",
        f"dispatch/test_acl.py test_rules_that_are_none | {PAST} test_any_rule_is_taken_or_refused",
    ),
    (
        "a unix socket that is open before its permissions are set",
        "app/test_process.py test_a_unix_socket_is_more_open_than_asked_at_no_moment",
    ),
]


def functions_of(path: Path) -> set[str]:
    tree = ast.parse(path.read_text())
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}


@pytest.mark.parametrize(("about", "tests"), [*MISTAKES, *PAST_VULNERABILITIES])
def test_it_has_a_test(about: str, tests: str) -> None:
    for test in tests.split(" | "):
        place, name = test.split(" ")
        assert name in functions_of(TESTS / place), f"{about}: {place} has no {name}"


def test_all_mistakes_are_there() -> None:
    assert len(MISTAKES) == 15


@pytest.mark.parametrize("place", [MISTAKES_FILE, PAST])
def test_what_is_tested_here_stands_for_something(place: str) -> None:
    """Tests of this folder are in a table, but for those that go with another of the same file."""
    named = " ".join(tests for _, tests in [*MISTAKES, *PAST_VULNERABILITIES])
    found = {name for name in functions_of(TESTS / place) if name.startswith("test_")}
    assert {name for name in found if name not in named} <= {
        "test_no_request_makes_a_second_reply",
        "test_commands_are_not_nested_by_exec_or_scripts",
    }
