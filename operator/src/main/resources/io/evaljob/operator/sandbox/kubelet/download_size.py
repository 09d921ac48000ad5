"""Prints how many packages ``pip install --no-deps -r FILE`` fetches here, and their bytes.

Asks where pip itself would (its index, proxies, folders, the options in the file), but only for
lists of files and their sizes. The classes of pip used here are its own affair and may change:
whoever runs this takes any failure for "not known".
"""
import os
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit
from urllib.request import url2pathname

from pip._internal.commands.download import DownloadCommand
from pip._internal.models.link import Link
from pip._internal.req.constructors import install_req_from_parsed_requirement
from pip._internal.req.req_file import parse_requirements

THREADS = 8
SIZES = {}  # by URL, as an index told them
LOCAL = threading.local()  # pip's classes are not made for several threads


def listen_to_index():
    """Keeps the sizes that an index tells, which pip drops, and drops other versions early.

    pip looks closely at each of the thousands of files of a project; for 122 pinned packages that
    is 12 of 13 seconds.
    """
    original = getattr(Link, "from_json", None)
    if original is None:  # before pip 22.2, which reads only HTML
        return

    def from_json(cls, file_data, page_url):
        if LOCAL.version not in file_data.get("filename", LOCAL.version):
            return None
        link = original(file_data, page_url)
        if link is not None and isinstance(file_data.get("size"), int):
            SIZES[link.url_without_fragment] = file_data["size"]
        return link

    Link.from_json = classmethod(from_json)


def pinned_version(requirement):
    """The version after ``==``, as file names contain it; empty where there is none."""
    pins = [part for part in requirement.req.specifier if part.operator == "=="]
    return pins[0].version.rstrip("*") if pins else ""


def new_tools(path):
    command = DownloadCommand("download", "")
    options, _ = command.parse_args(["-r", path, "--retries", "1", "--timeout", "15"])
    session = command._build_session(options)
    return session, command._build_package_finder(options, session)


def size(path, requirement):
    if not hasattr(LOCAL, "tools"):
        LOCAL.tools = new_tools(path)
    session, finder = LOCAL.tools
    link = requirement.link
    if link is None:
        LOCAL.version = pinned_version(requirement)
        link = finder.find_requirement(requirement, False).link
    url = link.url_without_fragment
    if link.is_file:
        return os.path.getsize(url2pathname(urlsplit(url).path))
    if url in SIZES:
        return SIZES[url]
    answer = session.head(url, allow_redirects=True, headers={"Accept-Encoding": "identity"})
    answer.raise_for_status()
    return int(answer.headers["Content-Length"])


def main():
    listen_to_index()
    path = sys.argv[1]
    session, finder = new_tools(path)
    wanted = [
        install_req_from_parsed_requirement(line)
        for line in parse_requirements(path, session, finder=finder)
    ]
    wanted = [requirement for requirement in wanted if requirement.match_markers()]
    with ThreadPoolExecutor(THREADS) as pool:
        try:
            sizes = pool.map(lambda requirement: size(path, requirement), wanted)
            print(len(wanted), sum(sizes), flush=True)
        except Exception as error:
            # At once: the pool would ask for all the other packages first.
            print(type(error).__name__, error, flush=True)
            os._exit(1)


if __name__ == "__main__":
    main()
