"""Write docs/reliability.md: each promise, the tests that show it, and the last figures.

    python -m benchmarks.reliability.page

Nothing is measured here; the figures are those in benchmarks/results. A test named below must exist.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from benchmarks.places import DOCS, RESULTS, ROOT

PAGE = DOCS / "reliability.md"

Figures = Callable[[], str]


@dataclass(frozen=True)
class Promise:
    """One sentence, what shows it, and what was measured last."""

    text: str
    tests: tuple[str, ...]
    """``file::test`` below tests/."""
    figures: Figures | None = None


def result(name: str) -> dict[str, Any]:
    """A result file."""
    found: dict[str, Any] = json.loads((RESULTS / f"{name}.json").read_text())
    return found


def hostile() -> str:
    """Damaged files."""
    sums = result("reliability/hostile-files")["summary"]
    named = {name.replace("silent silent", "silent"): count for name, count in sums["outcomes"].items()}
    outcomes = ", ".join(f"{count:,} {name}" for name, count in named.items())
    return (
        f"{sums['files']:,} damaged files, {sums['with one outcome']:,} with one outcome ({outcomes}); "
        f"{sums['crashed or hung']} crashed or hung their decoder"
    )


def by_hand() -> str:
    """Known troublemakers."""
    found = result("reliability/hostile-files")["by hand"]
    return f"{found['as expected']} of {found['files']} as expected"


def neighbours() -> str:
    """Whole files among damaged ones."""
    sums = result("reliability/hostile-files")["summary"]
    return f"{sums['whole files bit-identical']} of {sums['whole files']} whole files bit-identical"


def memory() -> str:
    """The parent's peak."""
    sums = result("reliability/hostile-files")["summary"]
    full = result("analysis-throughput")["times real time"]["all together"]["peak memory, MiB"]
    return (
        f"the analysing process, with PyTorch, came to {sums['peak of this process, MiB']:,} MiB on damaged files "
        f"(its limit there: {sums['its limit, MiB']:,} MiB) and to {full:,.0f} MiB on full-length tracks"
    )


def kills() -> str:
    """SIGKILL."""
    sums = result("reliability/interruptions")["summary"]
    kinds = ", ".join(f"{count} {kind}" for kind, count in sums["kills by kind"].items())
    return (
        f"{sums['kills']} kills ({kinds}), {sums['kills with some tracks acknowledged and some not']} with a part "
        f"of the tracks acknowledged: {sums['tracks lost']} times a track was lost, "
        f"{sums['wrong in any way']} times anything was wrong"
    )


def faults() -> str:
    """Full disks and I/O errors."""
    sums = result("reliability/interruptions")["summary"]
    kinds = ", ".join(f"{count} × {kind}" for kind, count in sums["faults by kind"].items())
    return (
        f"{sums['faults']} faults ({kinds}), {sums['faults noticed']} noticed, the others due after the "
        "end of the run; losses as above"
    )


def stops() -> str:
    """Ctrl-C."""
    sums = result("reliability/interruptions")["summary"]
    return (
        f"{sums['stops by Ctrl-C']} stops, {sums['with exit code 130']} with exit code 130; "
        f"{sums['median time to end, s']} s in the median, {sums['longest time to end, s']} s at most"
    )


def changes() -> str:
    """Describe searches while the index changes."""
    report = result("reliability/concurrent-changes")
    runs = report["runs"].values()
    wrong = sum(run.get("wrong", 0) + sum(run.get("failures", {}).values()) for run in runs)
    crashes = sum("crashed" in run for run in runs)
    return (
        f"{len(runs)} runs of {report['seconds']:.0f} s with 8 readers and 2 writers ({', '.join(report['runs'])}): "
        f"{sum(run.get('answers', 0) for run in runs):,} answers and "
        f"{sum(run.get('changes', 0) for run in runs):,} changes, {wrong} wrong or failed, {crashes} crashes"
    )


def swaps() -> str:
    """Describe opens while the index is saved."""
    found = result("reliability/hot-swap")
    presets, library = found["presets"].values(), found["library"]
    return (
        f"{sum(one['opens'] for one in presets):,} opens and refreshes of five presets while another process saved, "
        f"{sum(one['failures'] for one in presets)} failures; {library['opens']:,} of a library whose index another "
        f"process built anew all the time ({library['different versions']:,} versions), "
        f"{library['failures']} failures"
    )


def damage() -> str:
    """Damaged indexes."""
    sums = result("reliability/damaged-indexes")["summary"]
    return f"{sums['faults']:,} faults, {sums['refused']:,} refused, {sums['crashes']} crashes"


def strangers() -> str:
    """Describe the stores in which one thing is wrong."""
    kinds = result("reliability/hostile-stores")["kinds"]
    tried = ", ".join(f"{one['cases']:,} {kind}" for kind, one in kinds.items())
    faults = sum(len(one["faults"]) for one in kinds.values())
    opened = sum(one["outcomes"].get("opened", 0) for one in kinds.values())
    slowest = max(one["slowest, s"] for one in kinds.values())
    memory = max(one["most memory, MiB"] for one in kinds.values())
    checked = result("reliability/hostile-stores-sanitized")["kinds"]["indexes"]
    return (
        f"{tried} with one thing wrong and right checksums: {opened:,} opened and worked, the others were refused, "
        f"{faults} crashed, hung or ended in another error; {slowest:.1f} s and {memory:,} MiB at most; "
        f"{checked['cases']:,} indexes searched by a kernel with the address and undefined-behaviour sanitizers: "
        f"{len(checked['faults'])} faults"
    )


def odd_requests() -> str:
    """What is sent to a running server that it must answer or refuse."""
    found = result("reliability/serve")
    made = found["schemathesis"]
    answers = ", ".join(f"{count:,} × {status}" for status, count in made["statuses"].items())
    return (
        f"{found['conditions']['conditions']:,} odd conditions, each answered or refused with 400; "
        f"{found['paths']['paths']} paths that climb, all 404; {made['requests']:,} requests of "
        f"Schemathesis to {made['operations']} operations ({answers})"
    )


def slow_clients() -> str:
    """Clients that stall."""
    found = result("reliability/serve")
    stalling, endless = found["stalling"], found["endless"]
    return (
        f"beside {stalling['stalled']} stalled clients /healthz took {stalling['health_ms']['p50']:g} ms in the "
        f"median and {stalling['health_ms']['max']:g} at most, searches {stalling['searches_ms']['p50']:g} and "
        f"{stalling['searches_ms']['max']:g}; a body without end was cut after {endless['cut_after_s']:g} s"
    )


def killed_analyses() -> str:
    """Kills of the processes that analyse for a server."""
    found = result("reliability/serve")["kills"]
    return f"{found['kills']} kills, no acknowledged track lost, the server answered all the while"


def throughput() -> str:
    """How close analysis comes to its slower half."""
    every = result("analysis-throughput")["times real time"]
    found, apart = every["all together"], every["all together, one core each"]
    return (
        f"decoding {found['decode']:.0f}, network {found['network']:.0f}, analysis {found['analyze']:.0f} times real "
        f"time: {found['of the slower half']:.2f} of the slower half, where two halves that share the cores can come "
        f"to {found['ceiling']:.2f}; with one core for each half {apart['of the slower half']:.2f}"
    )


PROMISES: dict[str, list[Promise]] = {
    "Speed": [
        Promise(
            "Decoding and tag-reading run in processes of their own, which import neither torch nor faiss, "
            "and keep every core busy beside the network.",
            ("catalog/test_decode_pool.py::test_a_worker_imports_neither_torch_nor_faiss",),
            throughput,
        ),
        Promise(
            "Memory does not grow with the files: a decoding process may take so much memory and time for one, and "
            "no more than a track's windows reach the network.",
            (
                "catalog/test_limits.py::test_a_file_that_wants_too_much_memory_fails_alone",
                "catalog/test_decode_pool.py::test_workers_that_crash_hang_or_print_cost_only_their_file",
            ),
            memory,
        ),
    ],
    "Whatever is on the disk": [
        Promise(
            "Every file gets exactly one outcome (ok, partial, silent, failed with a reason), kept in the library.",
            (
                "catalog/test_hostile.py::test_damaged_files_cost_only_themselves",
                "catalog/test_analyze.py::test_a_broken_file_costs_only_itself",
                "cli/test_library.py::test_list_and_failures",
            ),
            hostile,
        ),
        Promise(
            "Empty files, folders, pipes, loops of links, playlists that call themselves music, NaN, silence, one "
            "sample, 1 Hz, 384 kHz, 64 channels, lying headers, a day of silence, names that are not UTF-8.",
            ("catalog/test_hostile.py::test_known_troublemakers_get_the_outcome_that_they_must",),
            by_hand,
        ),
        Promise(
            "What is analysed beside a damaged file gets the same vectors, to the bit.",
            ("catalog/test_hostile.py::test_damaged_files_cost_only_themselves",),
            neighbours,
        ),
        Promise(
            "Decoding opens the file that it was given, and no other file or address. (Before libsndfile takes a "
            "file for an MP3, it asks for a resource fork, under names that no file can choose.)",
            ("catalog/test_opened_files.py::test_decoding_opens_nothing_but_the_file_that_it_was_given",),
        ),
    ],
    "Whatever happens": [
        Promise(
            "Killed at any moment, nothing acknowledged is lost, library and index open, and the next run goes on.",
            (
                "catalog/test_random_kills.py::test_analysis_that_is_killed_again_and_again_loses_nothing",
                "catalog/test_random_kills.py::test_index_updates_that_are_killed_leave_an_index_that_answers",
                "catalog/test_kill.py::test_after_a_kill_nothing_acknowledged_is_lost_or_decoded_again",
            ),
            kills,
        ),
        Promise(
            "A full disk or an I/O error is an error that says so, and no loss.",
            (
                "catalog/test_random_kills.py::test_a_fault_of_the_disk_is_an_error_and_no_loss",
                "catalog/test_random_kills.py::test_a_disk_that_is_really_full",
                "audio/test_mood_tags.py::test_a_full_disk_leaves_the_file_as_it_was",
            ),
            faults,
        ),
        Promise(
            "A disk without room is one error that names the disk, the space needed and the space free; what was "
            "there stays, and nothing half-written is left: indexes, models, exports, backups, migrations, "
            "playlists, tags, pictures, labels, links of players, what training caches.",
            (
                "test_disk_full.py::test_an_index_that_does_not_fit",
                "test_disk_full.py::test_exports_and_backups_that_do_not_fit",
                "test_disk_full.py::test_a_file_that_does_not_fit_stays_as_it_was",
                "test_every_writer.py::test_files_that_may_not_grow",
                "test_every_writer.py::test_a_disk_that_is_full",
                "catalog/test_faulty_writes.py::test_a_disk_that_fails",
                "test_failing_disk.py::test_a_call_that_fails",
            ),
        ),
        Promise(
            "A library that was closed is read on a read-only disk and on a full one, and reading changes nothing on "
            "the disk: one of an older format is read as a copy in memory.",
            (
                "test_read_only.py::test_a_read_only_disk",
                "test_read_only.py::test_a_full_disk",
                "library/test_migration.py::test_reading_leaves_an_old_library_as_it_is",
            ),
        ),
        Promise(
            "Ctrl-C ends a run within two seconds with exit code 130.",
            ("cli/test_analyze.py::test_interrupted_runs_keep_what_they_did",),
            stops,
        ),
        Promise(
            "One writes and many read; a second writer exits with code 5 and names the first.",
            (
                "test_lock.py::test_a_second_writer_is_told_who_is_writing",
                "test_lock.py::test_readers_go_on_while_somebody_writes",
                "cli/test_analyze.py::test_two_writers_at_once",
                "catalog/test_two_at_once.py::test_two_analyses_at_once",
            ),
        ),
    ],
    "While an index changes": [
        Promise(
            "Searches go on while others add, update, remove and compact; every answer is that of one version.",
            (
                "index/test_snapshots.py::test_every_answer_is_that_of_one_version",
                "index/test_snapshots.py::test_a_background_merge_keeps_what_was_changed_meanwhile",
                "index/test_snapshots.py::test_a_failed_change_leaves_the_index_as_it_was",
            ),
            changes,
        ),
        Promise(
            "Whoever opens or refreshes an index while another process saves it gets a whole version.",
            (
                "index/test_snapshots.py::test_readers_in_another_process_see_whole_versions",
                "index/storage/test_store.py::test_a_version_replaced_while_it_is_opened_stays_until_it_is_open",
                "recommend/test_refresh.py::test_no_request_is_dropped_while_versions_come_and_go",
            ),
            swaps,
        ),
        Promise(
            "Where the folder of an index or of a library is replaced while it is open, what is open answers on, a "
            "refresh goes over to what is there now or says what is wrong, and no save or change takes the place of "
            "what was not opened, or goes where nobody finds it.",
            (
                "index/storage/test_replaced.py::test_a_reader_answers_on_and_refreshes_to_what_is_there",
                "index/storage/test_replaced.py::test_a_save_replaces_no_version_that_it_does_not_know",
                "library/test_replaced.py::test_no_change_is_acknowledged_that_would_be_found_nowhere",
                "library/test_replaced.py::test_a_recommender_refreshes_to_the_library_that_is_there",
                "serve/test_replaced.py::test_an_index_that_is_replaced",
            ),
        ),
    ],
    "A server": [
        Promise(
            "No request ends in an error of the server: conditions, paths and documents that nobody would send are "
            "answered or refused.",
            (
                "serve/test_safety.py::test_no_condition_breaks_the_server",
                "serve/test_odd_requests.py::test_every_parameter_and_field",
                "serve/test_odd_requests.py::test_every_header",
                "serve/test_audio.py::test_two_hundred_traversals_find_nothing",
                "serve/test_jobs.py::test_only_folders_of_the_server_are_analysed",
            ),
            odd_requests,
        ),
        Promise(
            "Clients that stall hold nobody up, and a request that never ends is cut.",
            (
                "serve/test_safety.py::test_stalling_clients_are_cut_and_hold_nobody_up",
                "serve/test_quick.py::test_a_head_without_end_is_cut",
            ),
            slow_clients,
        ),
        Promise(
            "An analysis of a server that is killed loses nothing, and the server goes on.",
            ("serve/test_jobs.py::test_a_killed_worker_loses_nothing",),
            killed_analyses,
        ),
    ],
    "What changed": [
        Promise(
            "Moved, renamed and re-tagged files keep their id and are not analysed again; copies are marked.",
            (
                "catalog/test_changes.py::test_ids_follow_the_sound_and_no_sound_is_analysed_twice",
                "catalog/test_analyze.py::test_moved_and_retagged_files_keep_their_ids",
                "catalog/test_analyze.py::test_a_copy_is_marked",
            ),
        ),
        Promise(
            "Deleted files are marked and keep their id; a folder that is empty all at once is taken for a disk that "
            "is not there.",
            (
                "catalog/test_analyze.py::test_files_that_go_and_come_back",
                "catalog/test_analyze.py::test_a_folder_that_is_empty_all_at_once_may_be_a_disk_that_is_not_there",
            ),
        ),
        Promise(
            "analyze --watch follows a folder.",
            (
                "catalog/test_watch.py::test_new_moved_and_deleted_music_is_noticed",
                "cli/test_watch.py::test_a_folder_is_followed_until_ctrl_c",
            ),
        ),
        Promise(
            "A new model is analysed beside the old one; search goes on with the old one until it is complete.",
            (
                "catalog/test_analyze.py::"
                "test_search_goes_by_the_old_model_until_the_new_one_has_analysed_every_track",
                "cli/test_library.py::test_a_new_model_takes_over_when_it_has_analysed_every_track",
            ),
        ),
        Promise(
            "Libraries of every earlier format open and are migrated, the old database kept; a newer one is refused.",
            (
                "library/test_migration.py::test_a_library_of_every_format_opens_with_all_that_is_in_it",
                "library/test_migration.py::"
                "test_a_migration_keeps_the_old_database_and_makes_the_tables_of_today",
                "library/test_migration.py::test_formats_that_are_not_known_are_refused",
            ),
        ),
    ],
    "Corruption": [
        Promise(
            "Damage to any file of an index is refused with exit code 4 before FAISS sees it (to vectors of 64 MiB "
            "and more: as soon as it is seen, in use).",
            (
                "index/storage/test_damage.py::test_every_kind_of_fault_in_every_file_is_refused",
                "index/storage/test_store.py::test_any_damaged_byte_is_noticed",
            ),
            damage,
        ),
        Promise(
            "moodrec index repair builds it anew from the library.",
            (
                "catalog/test_repair.py::test_a_damaged_index_is_built_anew_and_says_what_was_wrong",
                "cli/test_library.py::test_index_repair",
            ),
        ),
        Promise(
            "Every stored vector of a library has a checksum; damaged ones are named, dropped and computed again.",
            (
                "library/test_upkeep.py::test_one_damaged_bit_is_found_and_that_track_alone_is_analysed_again",
                "cli/test_library.py::test_verify_finds_damage_and_repair_forgets_it",
            ),
        ),
        Promise(
            "Nothing is written through a link in a library or an index, and no file is emptied that moodrec did "
            "not write.",
            (
                "test_links.py::test_a_lock_that_is_something_else_stays_as_it_is",
                "test_links.py::test_a_database_and_its_log_are_no_links",
                "test_links.py::test_versions_that_are_links_are_neither_read_nor_removed",
            ),
        ),
        Promise(
            "Pipes, devices, folders, sockets, sparse files and loops of links in the place of any file of a "
            "library, an index or a model are refused in a sentence, or passed over; none is waited for or read to "
            "its end.",
            (
                "test_special_files.py::test_files_of_an_index",
                "test_special_files.py::test_files_of_a_library",
                "test_special_files.py::test_files_of_a_model",
                "test_special_files.py::test_files_that_reading_passes_over",
            ),
        ),
        Promise(
            "A published index is pulled only where its files are what its manifest says: no pipe is waited for, and "
            "no device or file that is longer is copied.",
            (
                "index/storage/test_published.py::test_what_is_no_file_of_a_version_is_not_copied",
                "index/storage/test_published.py::test_a_damaged_pointer_is_told_and_not_waited_for",
            ),
        ),
        Promise(
            "Indexes, models and libraries of strangers open right or are refused, in bounded time and memory, even "
            "where their checksums are right.",
            (
                "index/storage/test_hostile.py::test_orders_that_point_outside",
                "index/storage/test_hostile.py::test_texts_that_lie_outside",
                "index/storage/test_hostile.py::test_names_that_are_paths",
                "index/backends/test_faiss_file.py::test_every_number_at_the_beginning",
                "index/backends/test_faiss_file.py::test_graphs_that_point_elsewhere",
                "library/test_hostile.py::test_other_tables",
                "library/test_hostile.py::test_other_values",
                "model/test_hostile.py::test_sizes",
                "model/test_hostile.py::test_weights_that_are_not_finite",
            ),
            strangers,
        ),
        Promise(
            "Recipes, plans, presets and settings of any content are read or refused soon, in a sentence.",
            (
                "test_hostile_settings.py::test_settings_that_would_take_long",
                "test_hostile_settings.py::test_pipes_and_devices",
            ),
        ),
        Promise(
            "Odd values in the place of any argument of indexes, recommenders, engines, playlists, libraries, "
            "models, metrics, players and bulk runs are an answer or one sentence, and take no memory.",
            (
                "test_odd_arguments.py::test_search_options",
                "test_odd_arguments.py::test_methods",
                "test_odd_calls.py::test_playlists",
                "test_odd_calls.py::test_libraries",
                "engines/test_odd_arguments.py::test_methods",
            ),
        ),
        Promise(
            "Columns of every type are converted when an index is built, or refused by name.",
            (
                "index/rows/test_column_kinds.py::test_what_has_a_meaning",
                "index/rows/test_column_kinds.py::test_what_has_none",
            ),
        ),
        Promise("There is no pickle.", ("test_house.py::test_banned_imports",)),
    ],
    "Same file, same answer": [
        Promise(
            "Whatever a file is analysed beside, in whatever order, by however many processes: the same bits.",
            ("embedding/test_same_answer.py::test_neighbours_order_and_processes_do_not_matter",),
        ),
        Promise(
            "An embedding is finite and of unit length, or the outcome says why there is none.",
            (
                "embedding/test_same_answer.py::"
                "test_an_answer_is_finite_and_of_unit_length_or_says_why_there_is_none",
            ),
        ),
    ],
    "Files of yours": [
        Promise(
            "Moods are written into tags only when asked for, on a copy that takes the file's place in one step; the "
            "sound stays the same to the bit, and what the tags were is kept and can be put back.",
            (
                "audio/test_mood_tags.py::test_what_is_written_is_read_back_and_the_sound_stays",
                "catalog/test_tag_moods.py::test_taking_back_leaves_the_tags_as_they_were",
                "catalog/test_tag_moods.py::test_files_outside_the_folders_that_were_named_are_left_alone",
                "catalog/test_tag_moods.py::test_links_that_came_later_are_not_followed",
                "catalog/test_tag_moods.py::"
                "test_after_a_crash_between_backup_and_file_everything_can_be_taken_back",
            ),
        ),
    ],
}
SCRIPTS = {
    "reliability/hostile-files": "python -m benchmarks.reliability.hostile_files",
    "reliability/interruptions": "python -m benchmarks.reliability.interruptions",
    "reliability/hostile-stores": "python -m benchmarks.reliability.hostile_stores",
    "reliability/hostile-stores-sanitized": "python -m benchmarks.reliability.hostile_stores --sanitized",
    "reliability/hot-swap": "python -m benchmarks.reliability.hot_swap",
    "reliability/damaged-indexes": "python -m benchmarks.reliability.damaged_indexes",
    "analysis-throughput": "python -m benchmarks.models.speed.throughput",
}


def render() -> str:
    """The page; raises SystemExit where a test that it names is not there."""
    parts = [
        "# Reliability",
        "What `moodrec analyze`, a library and its index promise, the tests that show it, and what was measured "
        "last. `python -m benchmarks.reliability.page` writes this page.",
    ]
    for heading, promises in PROMISES.items():
        parts.append(f"## {heading}")
        parts += [entry(promise) for promise in promises]
    parts += ["## The figures", "\n".join(map(source, SCRIPTS))]
    return "\n\n".join(parts) + "\n"


def entry(promise: Promise) -> str:
    """A promise as a list item."""
    lines = [f"- **{promise.text}**"]
    if promise.figures is not None:
        lines.append(f"  Last: {promise.figures()}.")
    lines += [f"  - `{checked(test)}`" for test in promise.tests]
    return "\n".join(lines)


def checked(test: str) -> str:
    """A test's name, if there is such a test."""
    path, _, name = test.partition("::")
    source = (ROOT / "tests" / path).read_text()
    if not re.search(rf"^def {name}\(", source, re.MULTILINE):
        raise SystemExit(f"tests/{path} has no {name}")
    return f"tests/{path}` `{name}"


def source(name: str) -> str:
    """Where a figure comes from."""
    machine = result(name)["machine"]
    versions = ", ".join(f"{package} {version}" for package, version in machine["versions"].items())
    place = f"`benchmarks/results/{name}.json` by `{SCRIPTS[name]}`"
    return f"- {place}: {machine['processor']}, {machine['cores']} cores, load {machine['load']}; {versions}."


if __name__ == "__main__":
    PAGE.write_text(render())
    print(f"{PAGE.relative_to(ROOT)} written")
