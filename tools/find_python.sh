#!/bin/sh
# Prints the path of a Python that can build and run the lab, or says plainly why there is none.
# usage: sh tools/find_python.sh [PYTHON]
#
# Without an argument: the Python of .venv where there is one, else the first that fits on PATH.
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
elif version > (3, 12):
    verdict = "too new"
elif not complete and not inside:
    verdict = "lacks the venv module: sudo apt-get install python%d.%d-venv" % version
else:
    verdict = "fits"
print("%d.%d (%s)" % (version + (verdict,)))
'
found=

# try_python COMMAND: prints its path and ends the search if it runs and fits, else notes it in $found.
try_python() {
    path=$(command -v "$1" 2>/dev/null) || return 0
    verdict=$("$path" -c "$judge" 2>/dev/null) || return 0  # a pyenv shim may exist and not run
    case $verdict in
        *"(fits)") echo "$path"; exit 0 ;;
        *) found="$found${found:+; }$1 is $verdict" ;;
    esac
}

if [ -n "${1:-}" ]; then
    try_python "$1"
    echo "PYTHON=$1 cannot be used: ${found:-it does not run}." >&2
elif [ -e .venv/bin/python ] || [ -L .venv/bin/python ]; then
    try_python .venv/bin/python
    echo ".venv cannot be used: ${found:-the Python it was made with is gone}." >&2
    echo "Remove it with 'rm -rf .venv', then run make again." >&2
    exit 1
else
    for name in python3.11 python3.12 python3.10 python3 python; do try_python "$name"; done
    echo "No Python that fits: ${found:-none was found}." >&2
fi
echo "The lab needs Python 3.10, 3.11 or 3.12: install 3.11, or name one with PYTHON=/path/to/python3.11." >&2
exit 1
