"""Tests lie where a reader of a source file looks for them, and share by tests/support only."""

from __future__ import annotations

import ast
from pathlib import Path

CHECKOUT = Path(__file__).parents[1]
PACKAGES = ("mda", "paris", "render")
# The sources without a mirrored test file: where they are tested instead, and why there.
ELSEWHERE = """
mda/answers/graph.py: tests/mda/answers/test_table.py: a graph is made of a table of answers
mda/answers/hop.py: tests/mda/answers/test_table.py: a hop is a row of the table
mda/answers/resets.py: tests/mda/answers/test_ends.py: what resets say shows in where paths end
mda/answers/trials.py: tests/mda/answers/test_limits.py: limits are found from trials
mda/aliases.py: tests/mda/test_merging.py: routers are merged by it
mda/common_names.py: tests/mda/test_difference.py: stars are the same or not
mda/errors.py: tests/paris/cli/test_trace.py: errors show as exit codes
mda/explore/lite.py: tests/mda/explore/test_explorer.py: a law shows in what is asked
mda/explore/own_flows.py: tests/mda/explore/test_explorer.py: a law shows in what is asked
mda/explore/retries.py: tests/mda/explore/test_explorer.py: a retry follows a loss in a whole trace
mda/explore/rounds.py: tests/mda/test_procedure.py: it is abstract, and classification plays it
mda/explore/search.py: tests/mda/explore/test_explorer_ends.py: every limit of it is drawn there
mda/explore/shared_draws.py: tests/statistics/test_experiments.py: its promise is a probability
mda/explore/steering.py: tests/mda/explore/test_explorer.py: steering shows in the probes it saves
mda/explore/wave.py: tests/mda/explore/test_explorer.py: a wave is what one round asks
mda/findings/behaviour.py: tests/mda/findings/test_same_flows.py: it is made of all of them
mda/findings/delays.py: tests/mda/findings/test_same_flows.py: one network has all troubles
mda/findings/changes/base.py: tests/mda/findings/changes/test_registry.py: rules find its values
mda/findings/changes/beginnings.py: tests/mda/findings/changes/test_registry.py: rules use it
mda/findings/changes/labels.py: tests/mda/findings/changes/test_registry.py: judged by the truth
mda/findings/changes/other_findings.py: tests/mda/findings/changes/test_registry.py: judged there
mda/findings/changes/ways_back.py: tests/mda/findings/changes/test_registry.py: judged by the truth
mda/findings/known.py: tests/test_samples.py: all findings of every sample are made from it
mda/findings/loss_places.py: tests/mda/findings/test_same_flows.py: one network has all troubles
mda/findings/tries.py: tests/mda/findings/test_same_flows.py: figures and tests are of tries
mda/model.py: tests/paris/formats/test_native.py: every value goes through JSON and comes back
mda/plan.py: tests/paris/formats/test_native.py: every value goes through JSON and comes back
mda/record.py: tests/paris/formats/test_native.py: every value goes through JSON and comes back
mda/service/controlled.py: tests/mda/service/test_verdict.py: controls are sent beside a trace
mda/service/controls.py: tests/mda/service/test_verdict.py: what controls find decides verdicts
mda/service/escalating.py: tests/paris/test_escalating.py: several protocols make one trace
mda/service/fates.py: tests/mda/service/test_verdict.py: verdicts follow from fates
mda/studies/balancer_evidence.py: tests/mda/studies/test_classifier.py: verdicts follow from it
mda/studies/base.py: tests/test_growing.py: a toy study is one row
mda/studies/classic_probing.py: tests/mda/studies/test_classic.py: what it asks is judged there
mda/studies/flow_paths.py: tests/mda/studies/test_path_probing.py: paths are of flows
mda/studies/lengths.py: tests/mda/studies/test_mtu.py: what they show is the path MTU
mda/studies/mtu_probing.py: tests/mda/studies/test_mtu.py: what it asks is judged there
mda/studies/path_search.py: tests/mda/studies/test_path_probing.py: paths are searched for there
mda/studies/paths.py: tests/mda/studies/test_path_probing.py: found and judged together
mda/studies/registry.py: tests/test_growing.py: a toy study is one row
mda/studies/task.py: tests/paris/engine/test_loop.py: the set-up makes tasks
mda/trace.py: tests/paris/formats/test_native.py: a whole trace goes through JSON and comes back
paris/__init__.py: tests/test_readme.py: the README's Python runs
paris/__main__.py: tests/paris/cli/test_trace.py: processes start there
paris/engine/crowd.py: tests/paris/cli/test_survey.py: a crowd is a survey under way
paris/engine/lane_wire.py: tests/paris/cli/test_survey.py: every probe of a survey leaves by it
paris/packets/anywhere.py: tests/lab/test_survey.py: the kernel's filters read it
paris/survey/folder.py: tests/paris/cli/test_survey.py: kills and ends leave it as it must be
paris/survey/survey.py: tests/paris/cli/test_survey.py: the command runs it
paris/cli/arguments.py: tests/paris/cli/test_trace.py: arguments show in what the command does
paris/cli/exits.py: tests/paris/cli/test_trace.py: every exit code is met by the command
paris/cli/probe_options.py: tests/paris/cli/test_options.py: its options are tried two by two
paris/archives.py: tests/paris/cli/test_convert.py: archives are read to be converted
paris/cli/progress.py: tests/paris/cli/test_trace.py: it needs a terminal and a trace
paris/cli/report.py: tests/paris/survey/test_report.py: the report is what it prints
paris/cli/remarks.py: tests/paris/cli/test_trace.py: remarks are standard error
paris/cli/requests.py: tests/paris/cli/test_trace.py: requests show in what the command does
paris/checks.py: tests/paris/test_settings.py: settings are what is checked
paris/defaults.py: tests/test_readme.py: the help states them
paris/diagnosing.py: tests/mda/service/test_verdict.py: controls tell causes apart
paris/engine/flights.py: tests/paris/engine/test_pending.py: flights are matched there
paris/engine/lanes.py: tests/lab/test_compare.py: a comparison has several protocols
paris/engine/record.py: tests/paris/engine/test_loop.py: the loop keeps the record
paris/engine/setup.py: tests/paris/engine/test_loop.py: every engine there is set up by it
paris/engine/stopping.py: tests/paris/cli/test_signals.py: signals are what stops
paris/outputs/survey_report.py: tests/paris/survey/test_report.py: it shows what is found there
paris/survey/files.py: tests/paris/survey/test_report.py: a report reads them, and slices
paris/cli/scheduled.py: tests/paris/survey/test_scheduler.py: the command gives slices to workers
paris/survey/views.py: tests/paris/survey/test_report.py: two engines read its statements
paris/survey/clickhouse.py: tests/paris/survey/test_report.py: two engines find the same
paris/survey/database.py: tests/paris/survey/test_report.py: the report asks the database
paris/engine/untagged.py: tests/paris/engine/test_services.py: services answer without a tag
paris/errors.py: tests/paris/cli/test_trace.py: errors show as exit codes
paris/formats/delays_json.py: tests/mda/findings/test_same_flows.py: it writes what is proven there
paris/formats/changes_json.py: tests/render/words/test_changes.py: the sample is written there
paris/formats/facts_json.py: tests/paris/lookup/test_facts.py: facts are written and read there
paris/formats/cytoscape_json.py: tests/paris/formats/test_plain_graph.py: one graph, every format
paris/formats/gexf.py: tests/paris/formats/test_plain_graph.py: one graph, every format
paris/formats/graphml.py: tests/paris/formats/test_plain_graph.py: one graph, every format
paris/formats/node_link_json.py: tests/paris/formats/test_plain_graph.py: one graph, every format
paris/formats/look.py: tests/render/terminal/test_text.py: colours and ASCII are of the text
paris/formats/pcapng.py: tests/paris/formats/test_capture.py: blocks hold a capture
paris/formats/icmp_types.py: tests/paris/formats/test_warts.py: what Atlas does not say is written
paris/formats/lacks.py: tests/paris/formats/test_scamper_lacks.py: each format has a choice of them
paris/formats/links_parquet.py: tests/paris/formats/test_parquet.py: links join with probes
paris/formats/probe_rows.py: tests/paris/formats/test_parquet.py: its rows have these values
paris/formats/probes_parquet.py: tests/paris/formats/test_parquet.py: links join with probes
paris/formats/plan_json.py: tests/paris/formats/test_native.py: a part of the native format
paris/formats/readers/base.py: tests/paris/formats/readers/test_warts.py: readers give its values
paris/formats/readers/cursor.py: tests/paris/formats/readers/test_warts.py: files are cut there
paris/formats/native_lines.py: tests/paris/cli/test_convert.py: archives are such lines
paris/formats/readers/native_lines.py: tests/paris/cli/test_convert.py: archives are such lines
paris/formats/readers/pieces.py: tests/paris/cli/test_convert.py: damaged archives are taken apart
paris/formats/readers/registry.py: tests/test_docs.py: the page of formats follows it
paris/formats/readers/datagrams.py: tests/paris/formats/readers/test_captures.py: links of packets
paris/formats/readers/json_values.py: tests/paris/formats/readers/test_atlas.py: lines or array
paris/formats/readers/measured.py: tests/paris/formats/readers/test_warts.py: it makes the records
paris/formats/readers/scamper.py: tests/paris/formats/readers/test_warts.py: what its methods mean
paris/formats/readers/warts_blocks.py: tests/paris/formats/readers/test_warts.py: of records
paris/formats/readers/warts_layouts.py: tests/paris/formats/readers/test_warts.py: of records
paris/formats/readers/warts_many.py: tests/paris/formats/readers/test_warts_columns.py: columns
paris/formats/refusals.py: tests/paris/cli/test_convert.py: a refused trace is left out
paris/formats/scamper_lattice.py: tests/paris/formats/test_warts.py: warts are made of it
paris/formats/scamper_terms.py: tests/paris/formats/test_warts.py: warts are in these words
paris/formats/vertices.py: tests/paris/formats/test_vertices_csv.py: the table has these rows
paris/formats/verdict_json.py: tests/paris/formats/test_native.py: a part of the native format
paris/formats/studies_json.py: tests/paris/formats/test_native.py: a part of the native format
paris/formats/ways_json.py: tests/paris/formats/test_native.py: a part of the native format
paris/lookup/choosing.py: tests/lab/test_ways.py: compared with what connections do
paris/lookup/connecting.py: tests/lab/test_ways.py: its kernel balances by chosen fields
paris/lookup/registry.py: tests/test_growing.py: a toy lookup is one row
paris/lookup/resolvers.py: tests/lab/test_names.py: a name server answers there
paris/lookup/tables/as_names.py: tests/paris/lookup/test_networks.py: names stand behind numbers
paris/lookup/tables/base.py: tests/paris/lookup/tables/test_routes.py: ranges are sought there
paris/lookup/tables/places.py: tests/paris/lookup/test_networks.py: tables are found there
paris/lookup/tables/reading.py: tests/paris/lookup/tables/test_routes.py: bounds are met there
paris/lookup/tables/registry.py: tests/paris/lookup/test_networks.py: each kind is recognised
paris/lookup/ways.py: tests/lab/test_ways.py: the kernel of a machine with several ways answers
paris/outputs/asked.py: tests/paris/cli/test_trace.py: the command refuses outputs there
paris/outputs/backlog.py: tests/paris/outputs/test_files.py: a pipe is filled there
paris/outputs/comparison.py: tests/paris/cli/test_studies.py: comparisons are written there
paris/outputs/journal.py: tests/lab/test_signals.py: it matters where a signal ends the command
paris/outputs/journal_file.py: tests/lab/test_slow_disk.py: it matters on a disk that takes nothing
paris/outputs/pictures.py: tests/paris/cli/test_trace.py: every picture is written there
paris/outputs/places.py: tests/lab/test_signals.py: journals are found there
paris/outputs/new_file.py: tests/paris/cli/test_convert.py: no file is overwritten
paris/outputs/registry.py: tests/test_growing.py: a toy format is one row
paris/outputs/recipes.py: tests/paris/packets/test_recipes.py: it only delays an import
paris/outputs/text.py: tests/paris/cli/test_trace.py: text is the command's first output
paris/formats/json_text.py: tests/paris/outputs/test_writing.py: hostile text is written there
paris/packets/probe_matrix.py: tests/paris/packets/test_probes.py: compared with single probes
paris/sim/registry.py: tests/test_growing.py: a toy simulator is one row
paris/sim/router_keys.py: tests/paris/sim/test_topology_file.py: a file has the keys
paris/survey/sweep.py: tests/lab/test_bulk.py: it needs the bulk wire
paris/version.py: tests/paris/cli/test_trace.py: the command prints it
paris/wire/base.py: tests/paris/wire/test_sim.py: it is a protocol, and the simulator keeps it
paris/wire/bulk/ethernet.py: tests/lab/test_bulk.py: it needs an interface
paris/wire/bulk/opening.py: tests/lab/test_bulk.py: it needs an interface
paris/wire/bulk/ring.py: tests/lab/test_bulk.py: it needs an interface
paris/wire/bulk/ring_socket.py: tests/lab/test_bulk.py: it needs an interface
paris/wire/bulk/sendmmsg.py: tests/lab/test_bulk.py: it needs an interface
paris/wire/bulk/wire.py: tests/lab/test_bulk.py: it needs an interface
paris/wire/linux/clock.py: tests/lab/test_stamps.py: compared with the stamps of a capture
paris/wire/linux/capabilities.py: tests/paris/cli/test_privileges.py: rights are seen in /proc
paris/wire/linux/counters.py: tests/lab/test_faults.py: only the kernel counts drops
paris/wire/linux/bpf.py: tests/paris/wire/linux/test_filters.py: programs are run there
paris/wire/linux/netlink.py: tests/lab/test_ways.py: its kernel has the routes
paris/wire/linux/next_hops.py: tests/lab/test_ways.py: packets show where they went
paris/wire/linux/own_tags.py: tests/lab/test_concurrent.py: concurrent runs share a namespace
paris/wire/linux/routes.py: tests/lab/test_ways.py: compared with what packets do
paris/wire/opening.py: tests/lab/test_raw.py: it opens sockets of every kind
paris/wire/raw.py: tests/lab/test_raw.py: it needs raw sockets
paris/wire/registry.py: tests/test_growing.py: a toy wire is one row
paris/wire/unprivileged/flow_sockets.py: tests/lab/test_unprivileged.py: it needs ports
paris/wire/unprivileged/opening.py: tests/lab/test_unprivileged.py: it needs ports
paris/wire/unprivileged/tcp.py: tests/lab/test_unprivileged.py: it needs ports
paris/wire/unprivileged/udp_icmp.py: tests/lab/test_unprivileged.py: it needs ports
render/errors.py: tests/render/pictures/test_graphviz.py: drawing fails there
render/pictures/library.py: tests/render/pictures/test_graphviz.py: it draws there, in a process
render/pictures/apart.py: tests/render/pictures/test_graphviz.py: drawing fails there
render/pictures/cairo.py: tests/render/pictures/test_converting.py: it draws there, in a process
render/pictures/delays.py: tests/render/pictures/test_sheet.py: the strip is in every picture
render/pictures/layout.py: tests/render/pictures/test_sheet.py: whole pictures are measured there
render/pictures/legend.py: tests/render/pictures/test_sheet.py: the legend is in every picture
render/pictures/shapes.py: tests/render/pictures/test_sheet.py: values that pictures consist of
render/pictures/sizes.py: tests/render/pictures/test_sheet.py: pictures of each size are drawn
render/words/balancers.py: tests/render/pictures/test_sheet.py: rings show what may be unseen
render/terminal/columns.py: tests/paris/cli/test_studies.py: comparisons are printed there
render/terminal/difference.py: tests/paris/cli/test_render.py: differences are printed there
render/terminal/merged.py: tests/paris/cli/test_render.py: merged graphs are printed there
render/terminal/comparison.py: tests/paris/cli/test_studies.py: comparisons are printed there
render/words/change_marks.py: tests/render/words/test_changes.py: notes go with sentences
render/words/controls.py: tests/mda/service/test_verdict.py: controls are beside a verdict
render/words/service_marks.py: tests/mda/service/test_verdict.py: text and pictures show marks
render/words/dates.py: tests/lab/test_watch.py: the times of rounds; its doctest has the others
render/words/difference.py: tests/paris/cli/test_render.py: differences are printed there
render/words/comparison.py: tests/paris/cli/test_studies.py: comparisons are printed there
render/words/figures.py: tests/paris/cli/test_stats.py: tips have the figures
render/words/numbering.py: tests/render/terminal/test_text.py: numbers show in the table
render/words/mtu.py: tests/mda/studies/test_mtu.py: sentences follow from what is found
render/words/paths.py: tests/paris/cli/test_studies.py: paths are listed there
render/words/stats.py: tests/paris/cli/test_stats.py: the command shows the table
render/words/studies.py: tests/paris/cli/test_studies.py: studies are reported there
render/words/summary.py: tests/render/terminal/test_text.py: the summary is text
render/words/tables.py: tests/paris/cli/test_studies.py: paths are listed there
render/words/troubles.py: tests/paris/cli/test_stats.py: the command shows the notes
render/words/trace.py: tests/render/terminal/test_text.py: the text says all of it
render/page/table.py: tests/render/page/test_trace_tables.py: tables are written there
paris/outputs/pages.py: tests/render/page/test_document.py: the pages that it writes are used there
paris/cli/screen.py: tests/paris/cli/test_watching.py: it needs a terminal
paris/formats/round_lines.py: tests/paris/cli/test_watching.py: the command writes its lines
mda/rounds.py: tests/mda/studies/test_watch_probing.py: values only
render/words/watch.py: tests/paris/cli/test_watching.py: the command prints the words
"""


def rows() -> dict[str, str]:
    """The test file of each source without a mirror."""
    found = {}
    for row in ELSEWHERE.strip().splitlines():
        source, test, why = row.split(": ", 2)
        assert why
        assert source not in found, row
        found[source] = test
    return found


def holds_code(source: Path) -> bool:
    """Whether there is more in a file than a docstring."""
    return any(not isinstance(node, ast.Expr) for node in ast.parse(source.read_text()).body)


def sources() -> set[str]:
    """Every source file that holds code, from the checkout's top."""
    return {
        str(source.relative_to(CHECKOUT))
        for package in PACKAGES
        for source in (CHECKOUT / package).rglob("*.py")
        if holds_code(source)
    }


def mirror(source: str) -> Path:
    path = CHECKOUT / "tests" / source
    return path.with_name(f"test_{path.name}")


def test_every_source_file_has_its_tests_or_a_row_that_says_where() -> None:
    without = {source for source in sources() if not mirror(source).is_file()}
    assert without == set(rows())


def test_rows_name_test_files_that_exist() -> None:
    for test in rows().values():
        assert (CHECKOUT / test).is_file(), test
        assert "def test_" in (CHECKOUT / test).read_text(), test


def test_no_test_module_imports_from_another() -> None:
    for path in (CHECKOUT / "tests").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and node.module is not None:
                names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
            parts = {part for name in names if name.startswith("tests") for part in name.split(".")}
            assert not any(part.startswith("test_") for part in parts), path
