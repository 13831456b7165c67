#!/bin/sh
# Prints the path of a Python that can build and run the lab, or says plainly why there is none.
# usage: sh tools/find_python.sh [PYTHON]
#
# Without an argument: the Python of .venv where there is one, else the first on PATH for which every
# package exists, else, after an offer to fetch one, the first for which nearly all do.
# LAB_PYTHON=uv accepts the offer beforehand: uv then fetches Python 3.12 wherever none like it is.
set -u

judge='
import os, sys
version = sys.version_info[:2]
try:
    import ensurepip, venv
    complete = True
except ImportError:
    complete = False
inside = os.path.realpath(sys.prefix) == os.path.realpath(".venv")
if version < (3, 10):
    verdict = "too old"
elif version > (3, 14):
    verdict = "too new"
elif not complete and not inside:
    verdict = "lacks the venv module: sudo apt-get install python%d.%d-venv" % version
elif version > (3, 12):
    verdict = "fits in part"
else:
    verdict = "fits"
print("%d.%d (%s)" % (version + (verdict,)))
'
found=
partly=

# judge_python COMMAND: sets $path and $verdict, both empty where it does not run.
judge_python() {
    path=$(command -v "$1" 2>/dev/null) || path=
    verdict=
    [ -n "$path" ] && verdict=$("$path" -c "$judge" 2>/dev/null)  # a pyenv shim may not run
    [ -n "$verdict" ] && found="$found${found:+; }$1 is $verdict"
}

# take_uv: prints the path of uv, which is installed into .uv where there is none.
take_uv() {
    command -v uv && return
    [ -x .uv/bin/uv ] || {
        "$partly" -m venv .uv && PIP_USER=0 .uv/bin/python -m pip install --quiet uv
    } >&2
    echo .uv/bin/uv
}

# fetch_python: prints the path of a Python 3.12 that uv finds, or fetches.
fetch_python() {
    uv=$(take_uv) || return 1
    "$uv" python find --no-project 3.12 2>/dev/null && return
    "$uv" python install 3.12 >&2 && "$uv" python find --no-project 3.12
}

# offer: whether LAB_PYTHON=uv, or the person at the terminal, agrees.
offer() {
    [ "${LAB_PYTHON:-}" = uv ] && return
    [ -t 0 ] && [ -t 2 ] && [ -z "${CI:-}" ] || return 1
    printf 'Fetch Python 3.12 with uv, for which all packages exist? [y/N] ' >&2
    read -r answer
    case $answer in [yY]*) return 0 ;; *) return 1 ;; esac
}

case ${1:-} in "~/"*) set -- "$HOME/${1#"~/"}" ;; esac  # which not every shell expands
if [ -n "${1:-}" ]; then
    judge_python "$1"
    case $verdict in *"(fits"*) echo "$path"; exit 0 ;; esac
    echo "PYTHON=$1 cannot be used: ${found:-it does not run}." >&2
elif [ -e .venv/bin/python ] || [ -L .venv/bin/python ]; then
    judge_python .venv/bin/python
    case $verdict in *"(fits"*) echo "$path"; exit 0 ;; esac
    echo ".venv cannot be used: ${found:-the Python it was made with is gone}." >&2
    echo "Remove it with 'rm -rf .venv', then run make again." >&2
    exit 1
else
    for name in python3.11 python3.12 python3.10 python3.13 python3.14 python3 python; do
        judge_python "$name"
        case $verdict in
            *"(fits)") echo "$path"; exit 0 ;;
            *"(fits in part)") partly=${partly:-$path} ;;
        esac
    done
    if [ -n "$partly" ] || command -v uv >/dev/null 2>&1; then
        if offer; then
            fetch_python && exit 0
            echo "uv could not fetch Python 3.12: see above." >&2
        fi
    fi
    [ -n "$partly" ] && { echo "$partly"; exit 0; }
    echo "No Python that fits: ${found:-none was found}." >&2
fi
echo "The lab needs Python 3.10 to 3.14: install 3.12, name one with PYTHON=/path/to/python3.12, or" \
    "install uv and set LAB_PYTHON=uv." >&2
exit 1
