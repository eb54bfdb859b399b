"""The sandbox that student code runs in: bubblewrap, and inside it namespaces of its own.

One `Sandbox` serves a class. Bubblewrap starts a fork server that has imported what the notebooks
import, has no network and sees a read-only system without the course's folders; it runs no student
code. For every kernel it forks, and the fork enters namespaces of its own before the kernel starts:
other submissions, their processes and the fork server itself are out of reach. When the first
process of these namespaces ends, so does everything in them. docs/architecture.md has a picture.

`bubblewrap` is the outside, `fork_server` and `namespaces` run inside, and through `provisioner`
jupyter_client starts kernels.
"""

# Paths inside the sandbox.
HOME = "/home/student"  # the only folder that student code can write to
CHANNEL = "/run/kernel"  # sockets and replies, on their way to the grader
POOL = "/pool"  # the sockets of the fork server and of kernels; no kernel sees it
