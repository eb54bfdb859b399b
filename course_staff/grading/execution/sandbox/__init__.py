"""Where student code runs: behind bubblewrap's walls, in a room of its own.

One `Sandbox` serves a class. Bubblewrap starts a template process that has imported what the
notebooks import, has no network and sees a read-only system without the course's folders; it runs
no student code. For every kernel it forks, and the fork enters namespaces of its own before the
kernel starts: other submissions, their processes and the template itself are out of reach, and
when the room's first process ends, so does everything in it. `walls` is the outside, `template`
and `room` run inside, `provisioner` is what jupyter_client starts kernels by.
"""

# Places inside.
HOME = "/home/student"  # of student code: all that it can write to
CHANNEL = "/run/kernel"  # sockets and replies, on their way to the grader
POOL = "/pool"  # the sockets of template and kernels; not in a room
