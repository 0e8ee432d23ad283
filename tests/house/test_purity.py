"""What decides does no I/O, and what stands at the edges knows little of the middle."""

import ast
import re

from tests.house.source import Module

PURE = re.compile(
    r"sources\.kafka\.(options|topics|positions|attributes|events|failures|wire)|"
    r"broker\.codec(\..*)?|triggers\.filters(\..*)?"
    r"|triggers\.story\.(facts|chapter|telling|discards)"
    r"|triggers\.(policy|standing|fingerprint|turns|held)|broker\.event"
    r"|deploy\.models\.(scale|weights)|sinks\.trying"
    r"|sinks\.target(_breaker|_gate|_limits|_model)?"
    r"|sinks\.inference\.server\.(split|verdict|http_head|counts|caller)"
    r"|triggers\.where\.(query|bind|lower|names|pointer|times)|triggers\.redrive\.acts"
    r"|sources\.(globs|ping\.(duration|schedule|slots|mark|events|options))"
    r"|sinks\.inference\.(protocols|classes)(\..*)?|sinks\.inference_spec"
    r"|sinks\.inference\.(protocol|flat_tensor|metadata|output|path|replies|reply|template|tree)"
    r"|sources\.folder\.(options|selection|naming|listing|dirty|book|events)"
    r"|sinks\.file_batch\.(place|record|runs|cutter|csv_rows|formats|names|matching|selecting"
    r"|results|manifest|manifest_input|identity|csv_writer|json_writer)"
    r"|sources\.api_server\.(options|lines|objects|inventory|events|served|refusals|records|pace)"
    r"|sources\.api_server\.(batch|kubeconfig|report)|deploy\.config\.sources\.label_selectors"
    r"|sources\.s3\.(addresses|answers|events|history|lines|listing|notifications|options)"
    r"|sources\.s3\.(record_keys|sighting|signing|span|wanted|xml)"
    r"|triggers\.file_jobs\.(job|chunk_row|objects|judging|events|requests|options|tally|ends)"
)
WORLD = {"asyncio", "socket", "apsw", "time", "random", "os", "threading", "subprocess", "io"}
KNOWN_TO_EDGES = {"event", "delivery", "codec", "errors", "clock", "telemetry", "registry"}
KNOWN_TO_EDGES |= {"failpoint", "http_message", "problem"}


def test_codec_filters_and_policy_do_no_input_or_output(modules: list[Module]) -> None:
    impure = [
        f"{module.path}:{line} imports {name}"
        for module in modules
        if PURE.fullmatch(module.name)
        for line, name in module.imports()
        if name.partition(".")[0] in WORLD
    ]

    assert not impure, f"{impure}; remedy: have the caller hand in what it read, or the time"


def test_the_pure_parts_are_still_where_this_test_looks(modules: list[Module]) -> None:
    names = {module.name for module in modules}

    looked_for = {"broker.codec", "triggers.policy", "triggers.standing", "triggers.fingerprint"}

    assert looked_for <= names, f"gone: {looked_for - names}; remedy: name the new place in PURE"


def test_sinks_and_sources_know_only_values_and_contracts(modules: list[Module]) -> None:
    curious = [
        f"{module.path}:{line} imports {name}"
        for module in modules
        if module.path.parts[0] in ("sinks", "sources")
        for line, name in module.imports()
        if name.startswith("broker.") and name.split(".")[1] not in KNOWN_TO_EDGES
    ]

    assert not curious, f"{curious}; remedy: take it as an argument, assembled by deploy"


def test_only_deploy_reads_the_environment(modules: list[Module]) -> None:
    readers = [
        f"{module.path}:{line}"
        for module in modules
        if module.path.parts[0] != "deploy"
        for line, name in module.imports()
        if name in ("os.environ", "os.getenv")
    ]
    readers += [
        str(module.path)
        for module in modules
        if module.path.parts[0] != "deploy" and re.search(r"os\.(environ|getenv)", module.text)
    ]

    assert not readers, f"{readers}; remedy: read it in deploy and hand it in"


def test_nothing_in_the_packages_is_a_mock(modules: list[Module]) -> None:
    doubled = [
        f"{module.path}:{line}"
        for module in modules
        for line, name in module.imports()
        if name.startswith(("unittest", "tests", "pytest"))
    ]

    assert not doubled, f"{doubled}; remedy: a double implements the contract and lives in tests"


def test_no_test_patches_what_it_tests(test_modules: list[Module]) -> None:
    patching = [
        f"{module.path}:{line}"
        for module in test_modules
        for line, name in module.imports()
        if name.startswith(("unittest.mock", "mock"))
    ]
    patching += [
        f"{module.path}:{call.lineno}"
        for module in test_modules
        for call in module.calls("setattr")
        if "monkeypatch" in module.text and not is_own_stream(call)
    ]

    assert not patching, f"{patching}; remedy: hand in a double that implements the contract"


def is_own_stream(call: ast.Call) -> bool:
    """What the test's own process reads or writes, which nothing could hand in."""
    target = call.args[0]
    return isinstance(target, ast.Constant) and target.value in ("sys.stdin", "sys.stdout")
