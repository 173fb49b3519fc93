"""A real Label Studio and a Cloud Storage bucket on this computer, for demos, tests and courses.

``start()`` brings them up and ``stop()`` takes them down; everything else in lsnb talks to them as it would to
the real ones.
"""

from lsnb.local.demo_data import demo_images, demo_videos
from lsnb.local.lifecycle import ProcessStatus, Status, start, status, stop

__all__ = ["ProcessStatus", "Status", "demo_images", "demo_videos", "start", "status", "stop"]
