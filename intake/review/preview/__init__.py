"""Safe looking: what a witness attached, as plain pixels, without this process ever parsing it.

    for picture in preview(stream, Wish()):
        path.write_bytes(picture.png())

The file's bytes go into a sandbox (`sandbox`) where other people's code (Pillow, PDFium, ffmpeg, called by `renderer`)
decodes them; out come rows of pixels in one fixed format (`pixels`), which is checked and packed as PNG here. Where the
sandbox can't be built nothing is shown: there is no second way.

Images, PDF pages, stills of a video and text are shown, small and grey unless asked for otherwise. Sound is never
played: a file with nothing to see is named as such.
"""

from __future__ import annotations

from intake.review.preview.pixels import Picture
from intake.review.preview.sandbox import Refused, Wish, preview, why_not

__all__ = ["Picture", "Refused", "Wish", "preview", "why_not"]
