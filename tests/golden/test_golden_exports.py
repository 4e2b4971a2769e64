"""Every format, the card, the lock, the manifest and the build's words, byte for byte."""

from pathlib import Path

import pytest

from decayd import plugins
from tests.golden.golden_files import check
from tests.training_events import AS_OF, Traffic, settings_for
from tests.training_rows import CONVERSATION, HOSTILE, pref_row, sft_row
from training_sets import formats
from training_sets.build import build
from training_sets.export import export, load
from training_sets.pull import pull


@pytest.mark.parametrize("name", plugins.names(formats))
def test_the_export_of_a_format(name: str) -> None:
    rows = [make(text) for text in ("Open it.", *HOSTILE) for make in (sft_row, pref_row)]
    check(f"export/{name}.jsonl", export(rows, load(name)).decode())


def test_a_whole_pull(tmp_path: Path) -> None:
    traffic = Traffic(tmp_path)
    traffic.corrected("r1", messages=[*CONVERSATION])
    traffic.corrected("r2")
    traffic.label("incomplete", "r2", corrected_text="Open order r2 and tap Return, then Print.")
    traffic.consent("ann")
    traffic.corrected("r3", query="Where is my parcel?")
    traffic.eval_item("where is my parcel")
    traffic.request("r4")
    traffic.edit("r4", "Open order r4 in the app.")
    traffic.request("r5")
    traffic.signal("thumbs_down", "r5")
    settings = settings_for(tmp_path)
    text = build(traffic.store, "fixes", AS_OF, settings).text
    check("export/build.txt", text.replace(str(tmp_path), "DIR") + "\n")
    pulled = pull(traffic.store, "fixes", "trl-sft", settings, "job-7", AS_OF)
    for path, content in pulled.files.items():
        check(f"export/pull/{path}", content.decode())
    traffic.store.close()
