"""Frames that ask for the 3D face of an image. {face} stands for whose it is."""

from __future__ import annotations

from facegpt_ros.language.pools import for_training, further, lines

FRAMES = lines("""
Reconstruct {face}.
Reconstruct {face} in 3D.
Please reconstruct {face}.
Can you reconstruct {face}?
Could you reconstruct {face} for me?
Give me {face} in 3D.
Give me the 3D model of {face}.
Give me the mesh of {face}.
Give me the 3DMM of {face}.
Give me the face parameters of {face}.
Give the coefficients of {face}.
Show {face} in 3D.
Show me the 3D shape of {face}.
Show me a 3D model of {face}.
Show me the mesh for {face}.
Fit {face}.
Fit a morphable model to {face}.
Fit the 3D model to {face}.
Fit a 3D mesh to {face}, please.
Estimate the 3D shape of {face}.
Estimate {face} in three dimensions.
Estimate shape, expression and skin of {face}.
Estimate the parameters of {face}.
Recover the 3D geometry of {face}.
Recover the shape of {face}.
Recover {face} from this picture.
Lift {face} to 3D.
Lift {face} from 2D to 3D.
Turn {face} into 3D.
Turn {face} into a mesh.
Turn {face} into a 3D avatar.
Turn this picture into the 3D model of {face}.
Make a 3D model of {face}.
Make a 3D copy of {face}.
Make a mesh of {face}.
Make me an avatar of {face}.
Make {face} three-dimensional.
Create a 3D head from {face}.
Create the 3D version of {face}.
Create an avatar that looks like {face}.
Generate the 3D face for {face}.
Generate a mesh for {face}.
Produce the 3D reconstruction of {face}.
Produce a digital double of {face}.
Output {face} as a 3D model.
Output the 3D parameters of {face}.
Output theta for {face}.
Compute the 3D shape of {face}.
Compute the morphable model parameters for {face}.
Regress the 3DMM of {face}.
Predict the 3D form of {face}.
Predict the mesh behind {face}.
Infer the 3D geometry of {face}.
Infer the shape of {face}.
Scan {face}.
Do a 3D scan of {face}.
Digitise {face}.
Capture {face}.
Capture {face} in 3D, please.
Track {face} in 3D.
Model {face}.
Model {face} in 3D.
Sculpt {face}.
Sculpt a bust of {face}.
Build {face} in 3D.
Build a 3D head of {face}.
Render {face} from its 3D model.
Copy {face} to 3D.
Convert {face} to a mesh.
Convert this image to the 3D model of {face}.
Extract {face} as a 3D model.
Extract the 3D shape of {face}.
Get me {face} in 3D.
Get the 3D geometry of {face}.
I want {face} in 3D.
I want a 3D model of {face}.
I'd like the 3D shape of {face}.
I'd like to have {face} as a mesh.
I need {face} in 3D.
I need the 3D reconstruction of {face}.
I need a printable model of {face}.
We need the mesh of {face}.
Let me have the 3D model of {face}.
Let me see {face} in 3D.
Let me turn {face} around in 3D.
May I see {face} in 3D?
May I have the mesh of {face}?
Could I get {face} in 3D?
Can I have a 3D model of {face}?
Can you make a 3D model of {face}?
Can you show {face} in three dimensions?
Can you fit {face}?
Could you give me the 3D face of {face}?
Could you model {face}?
Would you reconstruct {face}, please?
Would you make a mesh of {face}?
Would you mind giving me {face} in 3D?
Will you fit the model to {face}?
Is it possible to get {face} in 3D?
What does {face} look like in 3D?
What is the 3D shape of {face}?
What are the 3DMM parameters of {face}?
What are the coefficients of {face}?
What would a mesh of {face} be?
How does {face} look in 3D?
How would {face} look as a 3D model?
Here is a photo. Reconstruct {face}.
Look at this picture and give me {face} in 3D.
From this image, reconstruct {face}.
Given this photo, estimate {face} in 3D.
With this frame, fit {face}.
Use this image for a 3D model of {face}.
Take this picture and build {face}.
Based on the image, what is the 3D model of {face}?
3D, please: {face}.
3D model of {face}
3d face of {face}
3D reconstruction: {face}
mesh of {face}
Mesh, please, of {face}.
Face parameters for {face}, please.
Reconstruction of {face}.
Next frame: reconstruct {face}.
Again: give me {face} in 3D.
Now reconstruct {face}.
Update the 3D model of {face}.
Refit {face}.
Put {face} into the viewer.
Publish the 3D model of {face}.
Send me the 3D model of {face}.
Save {face} as a 3D model.
Animate an avatar with {face}.
Drive the avatar with {face}.
Mirror {face} on the avatar.
Clone {face} in 3D.
Analyse {face} and give me its 3D model.
Describe {face} by a 3D model.
Answer with the 3D model of {face}.
Reply with {face} in 3D.
Say it in 3D: {face}.
Pose, shape and expression of {face}, please.
""") + for_training("""
What are the identity and expression values of {face}?
What are the numbers that describe {face} in three dimensions?
Which shape coefficients does {face} have?
Which morphable model parameters belong to {face}?
Tell me the 3DMM vector of {face}.
Read the model coefficients off {face}.
Print the alpha, delta and gamma of {face}.
Compute the mesh vertices of {face}.
Compute a 3D face from {face}.
Calculate the geometry of {face}.
Derive the parametric model of {face}.
Determine the 3D pose and shape of {face}.
Infer the 3D structure of {face}.
Regress the morphable model for {face}.
Run the 3D reconstruction on {face}.
Start a face reconstruction of {face}.
Do a monocular 3D reconstruction of {face}.
Capture {face} in 3D.
Make a scan of {face} for me.
Make {face} a polygon model.
Make {face} 3D.
Make a solid head out of {face}.
Build the virtual double of {face}.
Build me a digital twin of {face}.
Create a textured head of {face}.
Create an OBJ file of {face}.
Export {face} as an OBJ.
Export the geometry of {face}.
Save {face} as a mesh.
Send the mesh of {face} to RViz.
Publish the 3D parameters of {face}.
Load {face} into Blender as a model.
I need {face} as geometry.
I need {face} on a 3D printer.
I want to 3D print {face}.
I want {face} as an avatar in my game.
I would like the coefficients for {face}.
We need the blend shape weights of {face}.
Could I have {face} as a point cloud of vertices?
Can I get {face} as 3D data?
Could you model {face} in three dimensions?
Would you extract the face model of {face}?
Will you please convert {face} to a mesh?
How does {face} look as a mesh?
How is {face} shaped in 3D? Show it.
Let me see {face} from the side.
Rotate {face} so that I see the profile.
Show me how {face} looks from the left.
Draw {face} from another angle.
Render {face} anew from below.
Take {face} and rebuild it with the morphable model.
Describe {face} by model parameters.
Encode {face}.
Express {face} in the basis of the face model.
Convert what you see into a face model.
Three-dimensional version of {face}, please.
Mesh of {face}!
{face} as a mesh, please.
{face} in three dimensions.
Face fitting for {face}.
""") + for_training(further("asking_of_image"))

WHOSE = lines("""
this face
the face
the face in the picture
the face in the image
the face in this photo
the face in view
the face you see
the face before you
the face on the screen
this person's face
the person's face
this person
the person in the picture
the person in the photo
the person you see
the visible face
my face
his face
her face
their face
the subject's face
the face in front of the camera
the face in this frame
that face
the one in the picture
""")

OPENERS = lines("""
Hi!
Hello.
Hey,
OK,
Right,
Robot,
Excuse me.
Quick question.
Quick task.
First of all:
So,
Now,
Good morning.
Listen,
One thing:
Well,
""")

CLOSERS = lines("""
Thanks.
Thank you!
Thanks a lot.
Please.
Right now.
Take your time.
As well as you can.
If you can.
It is for a game.
It is for an animation.
I will print it.
Nothing else.
No need to explain.
Only the face.
Cheers.
""")
