"""MediaPipe Face Mesh over one image, as a peer (see peer.py). It runs where nothing of ours is installed."""

import sys
import time

import cv2
import mediapipe

image = cv2.cvtColor(cv2.imread(sys.argv[1]), cv2.COLOR_BGR2RGB)
mesh = mediapipe.solutions.face_mesh.FaceMesh(max_num_faces=int(sys.argv[2]))
for _ in range(5):
    found = mesh.process(image).multi_face_landmarks
if not found:
    sys.exit("Face Mesh finds no face")
print("peer: ready", flush=True)
for _line in sys.stdin:
    begun = time.perf_counter()
    mesh.process(image)
    print(f"peer: {1e3 * (time.perf_counter() - begun)}", flush=True)
