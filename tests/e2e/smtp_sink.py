"""A mail server for tests: takes messages on 127.0.0.1 and unpacks each into a folder of its own.

smtp_sink.py PORT FOLDER: writes FOLDER/ready once it listens; per message N: N/envelope (recipients), N/attachment name,
N/cells (the texts of an .xlsx attachment, one a line).
"""
import email
import email.policy
import io
import pathlib
import re
import sys
import time
import zipfile

from aiosmtpd.controller import Controller


def texts_of(xlsx: bytes) -> list[str]:
    archive = zipfile.ZipFile(io.BytesIO(xlsx))
    texts = re.findall(r"<t[^>]*>([^<]*)</t>", archive.read("xl/sharedStrings.xml").decode())
    return texts + re.findall(r"<v>([^<]*)</v>", archive.read("xl/worksheets/sheet1.xml").decode())


class Sink:
    def __init__(self, folder: pathlib.Path):
        self.folder = folder
        self.count = 0

    async def handle_DATA(self, server, session, envelope):
        message = email.message_from_bytes(envelope.content, policy=email.policy.default)
        target = self.folder / str(self.count)
        target.mkdir()
        (target / "envelope").write_text("\n".join(envelope.rcpt_tos))
        for part in message.iter_attachments():
            (target / "name").write_text(part.get_filename())
            (target / "cells").write_text("\n".join(texts_of(part.get_content())))
        (target / "done").touch()
        self.count += 1
        return "250 taken"


port, folder = int(sys.argv[1]), pathlib.Path(sys.argv[2])
controller = Controller(Sink(folder), hostname="127.0.0.1", port=port)
controller.start()
(folder / "ready").touch()
while True:
    time.sleep(1)
