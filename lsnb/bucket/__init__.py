"""Media in a Cloud Storage bucket: uploading it, and letting Label Studio show it.

The only part of lsnb that imports ``google.cloud``.
"""

from __future__ import annotations

from lsnb.bucket.checking import OriginCheck
from lsnb.bucket.opening import open_bucket_at
from lsnb.bucket.origins import OriginsReport
from lsnb.bucket.showing import StudioStorage
from lsnb.bucket.store import Bucket
from lsnb.bucket.uploading import UploadReport

__all__ = ["Bucket", "OriginCheck", "OriginsReport", "StudioStorage", "UploadReport", "open_bucket_at"]
