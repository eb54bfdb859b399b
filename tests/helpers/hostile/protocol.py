"""A kernel that says other things: replaced handlers, garbled messages, forged replies."""

from __future__ import annotations

from hostile.entries import code
from hostile.forging import NO_REPLIES, UNREADABLE_REPLY, wrong

# A reply of the attacker's own, written where the grader looks for it as soon as that is known.
FORGER = """\
import glob, io, os, sys, threading, time
def places():
    found = glob.glob('/tmp/**/reply*', recursive=True) + glob.glob('**/reply*', recursive=True)
    frame = sys._getframe()
    while frame is not None:
        for value in (*frame.f_globals.values(), *frame.f_locals.values()):
            for one in value if isinstance(value, (list, tuple)) else [value]:
                if isinstance(one, str) and one.endswith('reply.npz') and len(one) < 200:
                    found.append(one)
        frame = frame.f_back
    return {os.path.abspath(path) for path in found} | {os.path.abspath('reply.npz')}
def forge(write):
    for path in places():
        for name in (path, path + '.part'):
            try:
                write(name)
            except OSError:
                pass
"""
REPLACED = """
def double(values):
    forge(write)
    os._exit(0)
"""

ENTRIES = [
    wrong(
        "replaced-do-execute",
        "a kernel that answers every request with success and executes none",
        """
        async def do_execute(*args, **kwargs):
            return {'status': 'ok', 'execution_count': 1, 'payload': [], 'user_expressions': {}}
        get_ipython().kernel.do_execute = do_execute
        """,
        marks=NO_REPLIES,
        told=UNREADABLE_REPLY,
    ),
    wrong(
        "replaced-dispatch",
        "a kernel that takes messages and never answers",
        """
        async def nothing(*args, **kwargs):
            return None
        kernel = get_ipython().kernel
        kernel.shell_handlers['execute_request'] = nothing
        kernel.dispatch_shell = nothing
        """,
        marks=NO_REPLIES,
        told="without doing anything",
    ),
    wrong(
        "garbled-messages",
        "sends bytes that are no messages on every channel",
        """
        kernel = get_ipython().kernel
        for junk in ([b'junk'], [b'', b'<IDS|MSG>', b'', b'{', b'}', b'[', b']'], [b'\\xff'] * 9):
            kernel.iopub_socket.send_multipart(junk)
            kernel.shell_stream.send_multipart(junk) if hasattr(kernel, 'shell_stream') else 0
        """,
    ),
    wrong(
        "badly-signed-messages",
        "signs its messages with another key",
        """
        kernel = get_ipython().kernel
        kernel.session.key = b'another'
        """,
    ),
    wrong(
        "duplicated-messages",
        "sends every message three times",
        """
        session = get_ipython().kernel.session
        send = session.send
        def thrice(*args, **kwargs):
            for _ in range(3):
                sent = send(*args, **kwargs)
            return sent
        session.send = thrice
        """,
    ),
    wrong(
        "odd-messages",
        "sends messages of unknown kinds, without content, and with content of other types",
        """
        kernel = get_ipython().kernel
        for kind in ('stream', 'error', 'execute_result', 'display_data', 'nonsense', 'status',
                     'update_display_data', 'clear_output', 'comm_open', 'execute_input'):
            for content in ({}, {'data': 3, 'text': [], 'ename': {}, 'execution_state': 7},
                            {'data': {'image/png': 3, 'text/plain': {}}, 'name': 'stdin'}):
                kernel.session.send(kernel.iopub_socket, kind, content=content,
                                    parent=kernel.get_parent(), ident=b'x')
        """,
    ),
    wrong(
        "idle-before-the-end",
        "says that it is idle and done, and goes on",
        """
        import time
        kernel = get_ipython().kernel
        parent = kernel.get_parent()
        kernel.session.send(kernel.iopub_socket, 'status', {'execution_state': 'idle'},
                            parent=parent, ident=b'status')
        time.sleep(1)
        """,
    ),
    wrong(
        "asks-for-input-in-secret",
        "sends requests for input by itself, which a client is to answer",
        """
        kernel = get_ipython().kernel
        kernel._allow_stdin = True
        kernel.raw_input('password: ')
        """,
    ),
    wrong(
        "message-without-end",
        "writes a message of empty parts, which never ends, past ZeroMQ to the connection",
        """
        import os, socket, time
        time.sleep(0.5)  # so that nothing else is on its way
        for handle in map(int, os.listdir('/proc/self/fd')):
            try:
                one = socket.socket(fileno=os.dup(handle))
                if one.family != socket.AF_UNIX or not one.getsockname().endswith('k-2'):
                    continue
                one.getpeername()
                one.setblocking(True)
                for _ in range(300):
                    one.sendall(b'\\1\\0' * 50_000)
            except OSError:
                pass
        time.sleep(30)
        """,
        # Cut off, or on a busy machine still kept waiting by who counts its parts.
        shown=("broke the connection", "waited for"),
    ),
    code(
        "forged-reply",
        "writes the reply of a call itself, and ends the kernel before the true one is written",
        double=FORGER + "import numpy\n"
        'tree = b\'{"dict": {"error": null, "value": {"array": "a"}, "score": 2.0}}\'\n'
        "def write(path):\n"
        "    file = io.BytesIO()\n"
        "    numpy.savez(file, tree=numpy.frombuffer(tree, 'uint8'), a=numpy.ones((4, 3)))\n"
        "    open(path, 'wb').write(file.getvalue())" + REPLACED,
        marks=(0, 1, 0),
        told="double",
    ),
    code(
        "pickle-for-a-reply",
        "writes a reply that holds pickled objects which run a program",
        double=FORGER + "import numpy, pickle\n"
        "class Run:\n"
        "    def __reduce__(self):\n        return os.system, ('touch @HOST@/@MARK@',)\n"
        "savez = numpy.savez\n"
        "def savez_forged(file, **arrays):\n"
        "    savez(file, **arrays | {'tree': numpy.array([Run()], object)})\n"
        "def double(values):\n"
        "    numpy.savez = savez_forged\n"
        "    return values",
        marks=(0, 0, 0),
        told=UNREADABLE_REPLY,
    ),
    code(
        "bomb-for-a-reply",
        "writes a reply of a few kilobytes that unpacks to a gigabyte",
        double=FORGER + "import numpy, zipfile\n"
        "def savez_forged(file, **arrays):\n"
        "    with zipfile.ZipFile(file, 'w', zipfile.ZIP_DEFLATED, compresslevel=1) as bomb:\n"
        "        with bomb.open('tree.npy', 'w') as entry:\n"
        "            for _ in range(210):\n"
        "                entry.write(bytes(10**6))\n"
        "def double(values):\n"
        "    numpy.savez = savez_forged\n"
        "    return values",
        marks=(0, 0, 0),
        told="too large",
    ),
    code(
        "link-for-a-reply",
        "a symbolic link to a file of the machine, and a pipe, where the reply is expected",
        double=FORGER + "def write(path):\n"
        "    if os.path.lexists(path):\n        os.remove(path)\n"
        "    os.mkfifo(path) if path.endswith('.part') else os.symlink('/etc/passwd', path)"
        + REPLACED,
        marks=(0, 1, 0),
        told="double",
    ),
    code(
        "json-for-a-reply",
        "a reply whose JSON is nested a hundred thousand times",
        double=FORGER + "import json\n"
        "def double(values):\n"
        "    json.dumps = lambda *args, **kwargs: '[' * 100_000\n"
        "    return values",
        marks=(0, 1, 0),
        told="double",
    ),
]
