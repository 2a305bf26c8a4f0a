# The images of gradmark. Both builders of Docker, BuildKit and its predecessor, can build this file.
#
#   guest: what a submission runs in. Python, NumPy, one harness, and nothing else: no shell, no pip, no setuid file.
#          gradmark builds it on first use, or: python -m autograder.sandbox.docker build
#          By hand: docker build --target guest --build-arg NUMPY_VERSION=2.4.6 --tag gradmark-guest:mine .
#          NumPy is one of those whose hashes are in requirements/run.txt.
#
# BASE is only where the files of the guest are taken from: the official image, or any Debian with python3 and pip.
# Behind a proxy that signs with its own authority, put that certificate into the context as ca.crt.
ARG BASE=python:3.13-slim


# ---------------------------------------------------------------------------------------------- build: not shipped
FROM ${BASE} AS build
ARG NUMPY_VERSION

# The certificate is a pattern because it may be missing, which COPY forgives only to patterns.
COPY autograder/guest/harness.py requirements/run.txt ca.cr[t] /guest/
RUN set -eu; \
    : "${NUMPY_VERSION:?say which: --build-arg NUMPY_VERSION=2.4.6}"; \
    if [ -f /guest/ca.crt ]; then export PIP_CERT=/guest/ca.crt; fi; \
    sed -n "/^numpy==${NUMPY_VERSION} /,/[^\\\\]\$/p" /guest/run.txt | sed 's/ ; [^\\]*/ /' >/guest/numpy.txt; \
    if ! grep -q sha256 /guest/numpy.txt; then echo "no hash of NumPy ${NUMPY_VERSION} is known" >&2; exit 1; fi; \
    python3 -m pip install --no-cache-dir --no-compile --only-binary=:all: --no-deps --require-hashes --target /guest/lib \
        -r /guest/numpy.txt; \
    rm -rf /guest/ca.crt /guest/run.txt /guest/numpy.txt /guest/lib/bin; \
    find /guest/lib -type d -name tests -prune -exec rm -rf {} +; \
    chmod -R a+rX,go-w /guest

# The guest's root folder: the interpreter, its library without what no submission needs, and the shared objects
# that these ask for. Compiled in advance, because nothing can be written there later; unchecked, because nothing changes.
RUN set -eu; \
    python="$(python3 -c 'import os, sys; print(os.path.realpath(sys.executable))')"; \
    library="$(python3 -c 'import sysconfig; print(sysconfig.get_path("stdlib"))')"; \
    ln -s "$python" /guest/python; \
    mkdir -p /image/tmp; chmod 1777 /image/tmp; \
    cp -a --parents "$python" "$library" /guest /etc/ld.so.cache /image; \
    cd "/image$library"; \
    rm -rf site-packages dist-packages test tests idlelib tkinter turtledemo lib2to3 ensurepip pydoc_data config-*; \
    { echo "$python"; find "/image$library" /guest/lib -name '*.so*' -type f; } | xargs ldd \
        | grep -o '/[^ ]* (0x' | cut -d' ' -f1 | grep -v ^/guest/ | sort -u | xargs cp -L --parents -t /image; \
    python3 -m compileall -q -f --invalidation-mode unchecked-hash -s /image "/image$library" /image/guest/lib; \
    chroot /image /guest/python -P -s -S -c 'import sys; sys.path.append("/guest/lib"); import numpy, ctypes, ssl'; \
    if find /image -perm /6000 -type f | grep .; then echo "setuid files in the guest image" >&2; exit 1; fi


# ----------------------------------------------------------------------------------------- guest: runs submissions
FROM scratch AS guest
COPY --from=build /image/ /
USER 65534:65534
WORKDIR /tmp
ENTRYPOINT ["/guest/python", "-P", "-s", "-S", "/guest/harness.py"]
