"""Nothing large can be sent into the page's memory but by staff who are signed in."""

import json
import uuid
from collections.abc import Iterator
from http.client import HTTPConnection

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.testclient import TestClient
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect
from websockets.typing import Origin

from page.upload_access import StaffUploadsOnly, UploadAccess
from page.websocket_access import MAX_MESSAGE_BYTES
from tests.browser import Stack

MIB = 1 << 20


# ---- the page as it is served ------------------------------------------------------------------


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    folder = tmp_path_factory.mktemp("page")
    (folder / "faq.jsonl").write_text(json.dumps({"id": "1", "question": "问", "answer": "答"}))
    password = {"ZHENGWEN_PAGE__STAFF_PASSWORD": "'a long password'"}
    stack = Stack(folder, folder, **password, ZHENGWEN_LOG_FORMAT="json")
    try:
        stack.start_page()
        yield stack
    finally:
        stack.stop()


@pytest.mark.parametrize("path", ["", "staff"])
def test_a_visitor_can_send_no_file_whichever_page_they_have_open(page: Stack, path: str) -> None:
    address = f"ws://127.0.0.1:{page.page_port}/_stcore/stream"
    with connect(address, max_size=None) as visitor:
        opened = BackMsg()
        opened.rerun_script.page_script_hash = ""
        opened.rerun_script.page_name = path
        visitor.send(opened.SerializeToString())
        session_id = ""
        while not session_id:
            said = ForwardMsg.FromString(visitor.recv(60, decode=False))
            session_id = said.new_session.initialize.session_id
        for _ in range(3):
            status, why = send_file(page.page_port, session_id, 40 * MIB)
            assert (status, why) == (403, "Only staff who are signed in may upload.")


def test_another_website_opens_no_websocket_and_nothing_is_looked_up_for_it(page: Stack) -> None:
    address = f"ws://127.0.0.1:{page.page_port}/_stcore/stream"
    for foreign in ("https://evil.example", "http://[", "null", f"http://127.0.0.1:{page.port}"):
        with pytest.raises(InvalidStatus, match="403"):
            connect(address, origin=Origin(foreign))
    with connect(address, origin=Origin(page.url.rstrip("/"))):
        pass


def test_a_large_message_closes_its_websocket_and_the_log_is_an_object_a_line(page: Stack) -> None:
    address = f"ws://127.0.0.1:{page.page_port}/_stcore/stream"
    large = BackMsg()
    large.rerun_script.context_info.timezone = "x" * (MAX_MESSAGE_BYTES + 1)
    for content, code in ((large.SerializeToString(), 1009), (b"no such message", 1002)):
        with connect(address, max_size=None) as visitor, pytest.raises(ConnectionClosed) as closed:
            visitor.send(content)
            while True:
                visitor.recv(60)
        assert closed.value.rcvd is not None and closed.value.rcvd.code == code
    said = page.log()
    logged = [json.loads(line) for line in said.splitlines() if line.startswith("{")]
    for logger, begin in (("page.", "a websocket was closed"), ("streamlit.", "Error des")):
        [line] = [one for one in logged if one["message"].startswith(begin)]
        assert line["logger"].startswith(logger) and line["level"] == "WARNING"
        assert said.count(begin) == 1, "once, and in no other form"


def send_file(port: int, session_id: str, n_bytes: int) -> tuple[int, str]:
    """Send the head of an upload; what may come answers that before any byte of the file."""
    server = HTTPConnection("127.0.0.1", port, timeout=60)
    server.putrequest("PUT", f"/_stcore/upload_file/{session_id}/{uuid.uuid4()}")
    server.putheader("Content-Type", "multipart/form-data; boundary=b")
    server.putheader("Content-Length", str(n_bytes))
    server.endheaders(b"--b\r\n")
    answer = server.getresponse()
    text = answer.read().decode()
    server.close()
    return answer.status, text


# ---- the quota ----------------------------------------------------------------------------------


@pytest.fixture
def access() -> UploadAccess:
    return UploadAccess(most_bytes=100)


@pytest.fixture
def uploads(access: UploadAccess) -> Iterator[TestClient]:
    """An endpoint like Streamlit's, that takes what begins with "good"."""

    async def take(request: Request) -> Response:
        return Response(status_code=204 if (await request.body()).startswith(b"good") else 400)

    app = Starlette(
        routes=[
            Route("/_stcore/upload_file/{session}/{file}", take, methods=["PUT", "DELETE"]),
            Route("/somewhere", take, methods=["PUT"]),
        ],
        middleware=[Middleware(StaffUploadsOnly, access=access)],
    )
    with TestClient(app) as client:
        yield client


def put(uploads: TestClient, file: str, content: bytes, session: str = "staff") -> int:
    return uploads.put(f"/_stcore/upload_file/{session}/{file}", content=content).status_code


def test_staff_upload_until_their_quota_is_full_and_again_when_files_are_gone(
    uploads: TestClient, access: UploadAccess
) -> None:
    assert put(uploads, "a", b"good") == 403
    access.grant("staff")
    assert put(uploads, "a", b"good" + bytes(60)) == 204
    assert put(uploads, "b", b"good" + bytes(60)) == 413
    assert put(uploads, "a", b"good" + bytes(90)) == 204, "it takes the place of itself"
    assert put(uploads, "b", b"good" + bytes(60), session="other") == 403
    uploads.delete("/_stcore/upload_file/staff/a")
    assert put(uploads, "b", b"good" + bytes(60)) == 204
    access.drop("staff", ["b"])
    assert put(uploads, "c", b"good" + bytes(60)) == 204
    access.grant("staff")  # as at every drawing of the page: what is there still counts
    assert put(uploads, "d", b"good" + bytes(60)) == 413
    access.revoke("staff")
    assert put(uploads, "e", b"good") == 403


def test_an_upload_that_fails_takes_nothing_of_the_quota(
    uploads: TestClient, access: UploadAccess
) -> None:
    access.grant("staff")
    for n in range(5):
        assert put(uploads, str(n), b"bad" + bytes(60)) == 400
    assert put(uploads, "a", b"good" + bytes(60)) == 204


def test_an_upload_of_unknown_length_and_one_to_an_odd_place_are_refused(
    uploads: TestClient, access: UploadAccess
) -> None:
    access.grant("staff")

    def pieces() -> Iterator[bytes]:
        yield b"good"

    endless = uploads.put("/_stcore/upload_file/staff/a", content=pieces())
    assert endless.status_code == 411
    assert uploads.put("/_stcore/upload_file/staff", content=b"good").status_code == 403
    assert uploads.put("/somewhere", content=b"good").status_code == 204
