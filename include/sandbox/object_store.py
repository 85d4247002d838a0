"""Zeebe's backup store: moto's S3 in memory, its bucket already made.

Run as `python -m sandbox.object_store`.
"""

import argparse

from cheroot.wsgi import Server
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from moto.s3.models import s3_backends
from werkzeug.serving import run_simple

from .ports import HOST

REGION = "us-east-1"


def serve(port: int, bucket: str, *, wrong: bool) -> None:
    """Serve until the process ends.

    :param port: where to listen
    :param bucket: the bucket to make
    :param wrong: whether to answer an upload with two `100 Continue`, as Werkzeug's own server does:
        Zeebe's backups then become FAILED (recorded from Zeebe 8.6.0)
    """
    s3_backends[DEFAULT_ACCOUNT_ID]["aws"].create_bucket(bucket, REGION)
    application = DomainDispatcherApplication(create_backend_app)
    if wrong:
        run_simple(HOST, port, application, threaded=True)
    else:
        Server((HOST, port), application, numthreads=8, request_queue_size=64).safe_start()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="An S3 store in memory")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--bucket", required=True)
    parser.add_argument("--wrong", action="store_true", help="give wrong answers to uploads")
    options = parser.parse_args()
    serve(options.port, options.bucket, wrong=options.wrong)
