"""Media in a Cloud Storage bucket: uploading it, and letting Label Studio show it.

The only part of lsnb that imports ``google.cloud``.
"""

from __future__ import annotations

from lsnb.bucket.bucket import Bucket, OriginCheck, OriginsReport, StudioStorage, open_bucket_at
from lsnb.bucket.uploading import UploadReport

__all__ = ["Bucket", "OriginCheck", "OriginsReport", "StudioStorage", "UploadReport", "open_bucket_at"]
