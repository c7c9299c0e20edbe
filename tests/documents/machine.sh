#!/usr/bin/env bash
# usage: machine.sh SANDBOX BUILD: a machine for the commands of a document, in the empty folder SANDBOX.
# Its clone has the scripts; the programs that BUILD holds appear there where something is "built". apt and pip
# are stood in for as in tests/ci, and what would compile or test for minutes by programs/, which only
# check what they are asked for.
# shellcheck source=tests/ci/harness.sh
source "$(dirname "${BASH_SOURCE[0]}")/../ci/harness.sh"
# shellcheck source=tests/ci/bare_machine.sh
source "$(dirname "${BASH_SOURCE[0]}")/../ci/bare_machine.sh"
sandbox=${1:?} build=${2:?}
make_machine
install_everything

# pip and virtual environments are those of tests/ci; any other Python is the real one.
mv "$sandbox/bin/python3" "$sandbox/bin/pip-python"
cp "$project"/tests/documents/programs/* "$sandbox/bin"
ln -s "$build/nety" "$sandbox/bin/nety"
# Without a GPU on every machine; the checks of ci/lint are tests of their own.
fake nvidia-smi 'exit 9'
for tool in clang-format clang-tidy shellcheck; do fake "$tool" 'exit 0'; done

# Fit to be compared with another commit, as by ci/regression.
cp "$project/CMakePresets.json" "$clone"
for name in app bench core diag docs reports tests cmake; do ln -s "$project/$name" "$clone/$name"; done
cd "$clone"
echo /build/ >.gitignore
git init --quiet
git config user.email t@example.org
git config user.name t
git add . && git commit --quiet -m first
git update-ref refs/remotes/origin/main HEAD
git commit --quiet --allow-empty -m second
