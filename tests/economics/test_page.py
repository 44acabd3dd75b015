import re
import shutil
import subprocess

import pytest

from bunraku.cli import main

COMMANDS = {
    "cost": ["cost", "--hand", "h11"],
    "production": ["production", "--samples", "50", "--no-sensitivity"],
    "economy": ["economy", "--samples", "50", "--scenario", "fast"],
}


@pytest.fixture(params=COMMANDS)
def page(request, tmp_path, capsys):
    file = tmp_path / f"{request.param}.html"
    assert main([*COMMANDS[request.param], "--html", str(file)]) == 0
    return file


def test_a_page_loads_nothing_from_anywhere(page):
    text = page.read_text()
    links = set(re.findall(r"https?://[^\s\"'<)]+", text)) - {"http://www.w3.org/2000/svg"}
    assert not links
    assert not re.search(r"<(script|link|img|iframe)[^>]+(src|href)=", text)


@pytest.mark.skipif(shutil.which("node") is None, reason="needs node to run the page's models")
@pytest.mark.parametrize("kind", ["production", "economy"])
def test_the_page_computes_what_the_program_computes(kind, tmp_path, capsys):
    file = tmp_path / "page.html"
    assert main([*COMMANDS[kind], "--html", str(file)]) == 0
    text = file.read_text()
    data = re.search(r'<script type="application/json" id="data">(.*?)</script>', text, re.S).group(1)
    models = re.search(r"<script>(.*?)// Small SVG charts", text, re.S).group(1)
    medians = "const medians = (of) => Object.fromEntries(Object.entries(of).map(([n, p]) => [n, p.median]));"
    still = "data.years.map(() => 0), "
    path = {
        "production": f"producePath(data.lines, medians(data.priors), {still}data.iterations, data.years.length, k)",
        "economy": "economyPath(data.lines, medians(data.priors), medians(data.production_priors), "
        f"{still}data.years.length, k)",
    }[kind]
    compare = f"console.log(disagreement({path}, data.expected));"
    script = f"{models}\nconst data = {data}, k = data.constants; {medians} {compare}"
    (tmp_path / "run.js").write_text(script)
    done = subprocess.run(["node", tmp_path / "run.js"], capture_output=True, text=True, check=True, timeout=60)
    assert float(done.stdout) < 1e-9
