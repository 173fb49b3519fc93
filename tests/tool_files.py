"""A file of each labelling tool in the shape that the tool publishes, and the config that draws all of it."""

from __future__ import annotations

import base64
import io
import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from lsnb import LabelConfig

# https://docs.cvat.ai/docs/manual/advanced/xml_format/, "Annotation": shapes, attributes and tags of its examples.
CVAT = """<?xml version="1.0" encoding="utf-8"?>
<annotations>
  <version>1.1</version>
  <meta><task><id>4</id><name>segmentation</name><size>2</size><mode>annotation</mode><overlap>0</overlap>
    <labels><label><name>car</name><attributes></attributes></label></labels>
    <original_size><width>200</width><height>100</height></original_size></task>
    <dumped>2018-09-25 11:49:06.088617+03:00</dumped></meta>
  <image id="0" name="images/a.jpg" width="200" height="100">
    <box label="car" occluded="1" source="manual" xtl="20.00" ytl="10.00" xbr="60.00" ybr="40.00" z_order="0" \
group_id="3"><attribute name="model">a</attribute><attribute name="parked">true</attribute></box>
    <box label="car" occluded="0" xtl="80.00" ytl="20.00" xbr="120.00" ybr="40.00" rotation="90.00" z_order="0"></box>
    <polygon label="road" occluded="0" points="20.00,10.00;60.00,10.00;60.00,40.00" z_order="0"></polygon>
    <polyline label="lane" occluded="0" points="0.00,50.00;200.00,50.00" z_order="0"></polyline>
    <points label="nose" occluded="0" points="100.00,50.00" z_order="0"></points>
    <ellipse label="wheel" occluded="0" cx="100.00" cy="50.00" rx="20.00" ry="10.00" z_order="0"></ellipse>
    <mask label="sky" source="manual" occluded="0" rle="1, 2, 1" left="10" top="20" width="2" height="2" \
z_order="0"></mask>
    <skeleton label="person" source="manual" z_order="0">
      <points label="nose" occluded="0" source="manual" outside="0" points="50.00,25.00"></points>
      <points label="tail" occluded="1" source="manual" outside="0" points="150.00,75.00"></points>
      <points label="paw" occluded="0" source="manual" outside="1" points="1.00,1.00"></points>
    </skeleton>
    <tag label="sunny" source="manual"></tag>
  </image>
  <image id="1" name="images/b.jpg" width="200" height="100"></image>
</annotations>
"""
EVERYTHING = (
    LabelConfig.image("uri")
    .rectangles("boxes", ["car", "person", "pedestrian"])
    .polygons("areas", ["road"])
    .ellipses("rounds", ["wheel"])
    .vectors("lines", ["lane"])
    .keypoints("points", ["nose", "tail", "paw"])
    .brush("masks", ["sky"])
    .choices("weather", ["sunny", "rainy"])
)

VIDEO = """<?xml version="1.0" encoding="utf-8"?>
<annotations>
  <version>1.1</version>
  <meta><task><id>5</id><name>interpolation</name><size>30</size><mode>interpolation</mode>
    <original_size><width>200</width><height>100</height></original_size><source>street.mp4</source></task></meta>
  <track id="0" label="car" source="manual">
    <box frame="0" xtl="20.00" ytl="10.00" xbr="60.00" ybr="40.00" outside="0" occluded="0" keyframe="1">
      <attribute name="model">a</attribute></box>
    <box frame="1" xtl="22.00" ytl="10.00" xbr="62.00" ybr="40.00" outside="0" occluded="1" keyframe="0">
      <attribute name="model">a</attribute></box>
    <box frame="10" xtl="40.00" ytl="10.00" xbr="80.00" ybr="40.00" outside="0" occluded="0" keyframe="1">
      <attribute name="model">a</attribute></box>
    <box frame="20" xtl="60.00" ytl="10.00" xbr="100.00" ybr="40.00" outside="1" occluded="0" keyframe="1">
      <attribute name="model">b</attribute></box>
  </track>
  <track id="7" label="person" source="manual">
    <box frame="5" xtl="0.00" ytl="0.00" xbr="20.00" ybr="50.00" outside="0" occluded="0" keyframe="1"></box>
  </track>
</annotations>
"""
TRACKS = LabelConfig.video("uri", frame_rate=10).video_boxes("things", ["car", "person", "pedestrian"])

# The development kit of VOC 2012, section 5: 2007_000032.xml's parts, on a smaller picture.
VOC = """<annotation>
  <folder>VOC2012</folder>
  <filename>a.jpg</filename>
  <source><database>{database}</database><annotation>PASCAL VOC2012</annotation><image>flickr</image></source>
  <size><width>200</width><height>100</height><depth>3</depth></size>
  <segmented>0</segmented>
  <object><name>car</name><pose>Left</pose><truncated>1</truncated><difficult>1</difficult>
    <bndbox><xmin>{left}</xmin><ymin>{top}</ymin><xmax>60</xmax><ymax>40</ymax></bndbox>
    <part><name>head</name><bndbox><xmin>{left}</xmin><ymin>{top}</ymin><xmax>30</xmax><ymax>20</ymax></bndbox></part>
  </object>
  <object><name>person</name><pose>Unspecified</pose><truncated>0</truncated><difficult>0</difficult>
    <occluded>1</occluded><bndbox><xmin>{left}</xmin><ymin>{top}</ymin><xmax>60</xmax><ymax>40</ymax></bndbox></object>
</annotation>
"""


def png(mask: np.ndarray[Any, Any]) -> str:
    content = io.BytesIO()
    Image.fromarray(mask.astype(np.uint8)).save(content, "PNG")
    return base64.b64encode(content.getvalue()).decode()


def labelme_shape(kind: str, label: str, points: list[list[float]], **more: Any) -> dict[str, Any]:
    about = {"group_id": None, "description": "", "flags": {}, "mask": None}
    return {"label": label, "points": points, **about, "shape_type": kind, **more}


# https://github.com/wkentaro/labelme/tree/main/examples: the keys of version 5.
LABELME = {
    "version": "5.4.1",
    "flags": {"sunny": True, "rainy": False},
    "shapes": [
        labelme_shape("rectangle", "car", [[60.0, 40.0], [20.0, 10.0]], group_id=3, flags={"parked": True}),
        labelme_shape("polygon", "road", [[20.0, 10.0], [60.0, 10.0], [60.0, 40.0]], description="wet"),
        labelme_shape("linestrip", "lane", [[0.0, 50.0], [200.0, 50.0]]),
        labelme_shape("point", "nose", [[100.0, 50.0]]),
        labelme_shape("circle", "wheel", [[100.0, 50.0], [110.0, 50.0]]),
        labelme_shape("mask", "sky", [[10.0, 20.0], [11.0, 21.0]], mask=png(np.array([[0, 1], [1, 0]]))),
    ],
    "imagePath": "..\\images\\a.jpg",
    "imageData": None,
    "imageHeight": 100,
    "imageWidth": 200,
}

# Table 5 of the paper: frame, id, left, top, width, height, confidence, class, visibility.
MOT = "1,1,21,11,40,30,1,3,1\n2,1,23,11,40,30,1,3,0.5\n3,1,25,11,40,30,1,3,1\n2,4,1,1,20,50,0,1,1\n"
SEQUENCE = "[Sequence]\nname=MOT17-02\nimDir=img1\nframeRate=10\nseqLength=30\nimWidth=200\nimHeight=100\nimExt=.jpg\n"

# https://docs.roboflow.com: a picture's answer, and the CSV called TensorFlow Object Detection.
ROBOFLOW = {
    "time": 0.1,
    "image": {"width": 200, "height": 100},
    "predictions": [
        {"x": 40, "y": 25, "width": 40, "height": 30, "confidence": 0.75, "class": "car", "class_id": 0},
    ],
}
ROBOFLOW_CSV = "filename,width,height,class,xmin,ymin,xmax,ymax\na.jpg,200,100,car,20,10,60,40\n"
# https://docs.voxel51.com, "COCODetectionDataset": data/ and labels.json.
FIFTYONE = {
    "info": {"year": "", "version": "", "description": "Exported from FiftyOne", "contributor": ""},
    "licenses": [],
    "categories": [{"id": 1, "name": "car", "supercategory": None}],
    "images": [{"id": 1, "file_name": "a.jpg", "height": 100, "width": 200, "license": None, "coco_url": None}],
    "annotations": [
        {"id": 1, "image_id": 1, "category_id": 1, "bbox": [20, 10, 40, 30], "iscrowd": 0, "area": 1200, "score": 0.75}
    ],
}
FILES: dict[str, dict[str, str]] = {
    "cvat": {"annotations.xml": CVAT},
    "cvat video": {"annotations.xml": VIDEO},
    "voc": {
        "Annotations/a.xml": VOC.format(database="Unknown", left=20, top=10),
        "ImageSets/Main/default.txt": "a 1\nb -1\n",
        "labelmap.txt": "# label:color_rgb:parts:actions\ncar:::\n",
    },
    "labelme": {"a.json": json.dumps(LABELME)},
    "mot": {"MOT17-02/gt/gt.txt": MOT, "MOT17-02/det/det.txt": "1,-1,1,1,9,9,0.5\n", "MOT17-02/seqinfo.ini": SEQUENCE},
    "roboflow": {"a.json": json.dumps(ROBOFLOW)},
    "roboflow csv": {"train/_annotations.csv": ROBOFLOW_CSV, "README.dataset.txt": "# cars\n"},
    "fiftyone": {"labels.json": json.dumps(FIFTYONE)},
}
VIDEOS = {"street": {"width": 200, "height": 100, "fps": 10, "frames": 30}}
FIRST_BOX = {"x": 10.0, "y": 10.0, "width": 20.0, "height": 30.0, "rotation": 0, "rectanglelabels": ["car"]}


def written(folder: Path, files: dict[str, Any]) -> Path:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
    (folder / "images").mkdir(exist_ok=True)
    (folder / "images" / "a.jpg").write_bytes(b"\xff\xd8 no labels")
    return folder


def zipped(path: Path, files: dict[str, Any]) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
        archive.writestr("images/a.jpg", b"\xff\xd8 no labels")
    return path
