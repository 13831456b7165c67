"""Writes what Binder's image is built from: `python tools/binder_environment.py FOLDER`.

The environment lies on a branch of its own, `binder-environment`, and holds no lesson: so a change
of prose builds no image. A link to Binder names that branch, and has nbgitpuller bring the content
of `main` into the home folder; from there labkit is imported. The workflow `binder.yml` renews the
branch when the environment changes.
"""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
NAME = "quantum-neuron-selection-lab"
LABKIT = "      - -e .\n"
PULLER = "      - 'nbgitpuller==1.3.0'\n"
#: Is run when the image is built, in the folder that the content will be pulled into.
POST_BUILD = f"""#!/bin/sh
# labkit comes with the content: it is imported from there, and has its command
set -e
python - "$PWD/{NAME}" <<'END'
import sys, sysconfig
from pathlib import Path

Path(sysconfig.get_path("purelib"), "{NAME}.pth").write_text(sys.argv[1] + "\\n")
command = Path(sysconfig.get_path("scripts"), "labkit")
command.write_text('#!/bin/sh\\nexec python -m labkit "$@"\\n')
command.chmod(0o755)
END
"""
README = f"""# What Binder builds

Made by `tools/binder_environment.py` of the branch `main`; do not edit. The lessons are there:
<https://github.com/{NAME}/{NAME}>.
"""


def binder_files(environment: str) -> dict[str, str]:
    """The files of the branch by name.

    Args:
        environment: the text of environment.yml, which installs labkit from the folder it lies in.
    """
    if LABKIT not in environment:
        raise ValueError(f"environment.yml lacks the line {LABKIT.strip()!r}")
    content = environment.replace(LABKIT, PULLER)
    return {"environment.yml": content, "postBuild": POST_BUILD, "README.md": README}


def write_files(folder: Path) -> None:
    """Writes the files into a folder, which is made."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in binder_files((ROOT / "environment.yml").read_text("utf-8")).items():
        (folder / name).write_text(text, "utf-8")
    (folder / "postBuild").chmod(0o755)


if __name__ == "__main__":
    write_files(Path(sys.argv[1]))
