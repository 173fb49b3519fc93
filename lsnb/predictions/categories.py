"""The 80 things of COCO by their ids, of which the highest is 90.

The ids have gaps: eleven of the 91 things first planned were never labelled. https://cocodataset.org/#format-data,
``instances_val2017.json``. Models of torchvision and DETR give these ids; YOLO's count the 80 from 0 without gaps.
"""

from __future__ import annotations

from collections.abc import Mapping

_NAMES = (
    "person,bicycle,car,motorcycle,airplane,bus,train,truck,boat,traffic light,fire hydrant,,stop sign,parking meter,"
    "bench,bird,cat,dog,horse,sheep,cow,elephant,bear,zebra,giraffe,,backpack,umbrella,,,handbag,tie,suitcase,frisbee,"
    "skis,snowboard,sports ball,kite,baseball bat,baseball glove,skateboard,surfboard,tennis racket,bottle,,wine glass,"
    "cup,fork,knife,spoon,bowl,banana,apple,sandwich,orange,broccoli,carrot,hot dog,pizza,donut,cake,chair,couch,"
    "potted plant,bed,,dining table,,,toilet,,tv,laptop,mouse,remote,keyboard,cell phone,microwave,oven,toaster,sink,"
    "refrigerator,,book,clock,vase,scissors,teddy bear,hair drier,toothbrush"
)

COCO_CATEGORIES: Mapping[int, str] = {n: name for n, name in enumerate(_NAMES.split(","), start=1) if name}
"""COCO's id → name, for example 1 → ``person`` and 90 → ``toothbrush``."""
