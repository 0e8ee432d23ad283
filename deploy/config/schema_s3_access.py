"""The schema of a way to buckets: endpoint, region, credentials."""

from deploy.config.shapes import Shape
from deploy.config.sources.s3 import CredentialFields, Endpoint, Region
from sinks.file_batch.spec import S3Access, S3Keys
from sources.s3.options import aws_endpoint


class S3AccessFields(Shape):
    endpoint: Endpoint | None = None
    region: Region = "us-east-1"
    path_style: bool = True
    credentials: CredentialFields | None = None


def s3_access(fields: S3AccessFields) -> S3Access:
    given, keys = fields.credentials, None
    if given is not None:
        keys = S3Keys(given.access_key_id, given.secret_access_key, given.session_token or "")
    endpoint = fields.endpoint or aws_endpoint(fields.region)
    return S3Access(endpoint, fields.region, keys, fields.path_style)
