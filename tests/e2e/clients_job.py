"""Brings other people's clients and holds two servers to them: clients_job.py YANXING ASSETS.

The packages go by version into a folder of the cache, once. Exits with 77 (a skipped test) where they or the models
cannot be had.
"""
import json
import os
import shutil
import subprocess
import sys
import tempfile
import venv

PYTHON = ["openai==3.57.0", "anthropic==2.14.0", "websockets==17.4"]
NODE = ["openai@7.57.0"]
here = os.path.dirname(os.path.abspath(__file__))
yanxing, assets = sys.argv[1:3]
cache = os.environ.get("YANXING_CACHE") or os.path.join(
    os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"), "yanxing")
models = os.environ.get("YANXING_MODELS") or os.path.expanduser("~/.local/share/yanxing/models")


def skip(why):
    print("skipped: " + why)
    sys.exit(77)


def kept(name, make):
    """A folder of the cache that is there whole or not at all."""
    folder = os.path.join(cache, "clients", name)
    if not os.path.isdir(folder):
        os.makedirs(os.path.dirname(folder), exist_ok=True)
        if not make(folder):
            shutil.rmtree(folder, ignore_errors=True)
            return None
    return folder


def python_clients(folder):
    venv.create(folder, with_pip=True)
    return subprocess.run([folder + "/bin/pip", "install", "--quiet", *PYTHON]).returncode == 0


def node_clients(folder):
    os.makedirs(folder)
    return subprocess.run(["npm", "install", "--silent", "--prefix", folder, *NODE]).returncode == 0


def serve(options, folder):
    environment = {**os.environ, "OMP_WAIT_POLICY": "passive", "YANXING_STATE": folder, "YANXING_CONFIG": folder}
    process = subprocess.Popen([yanxing, "serve", "--port", "0", "--json", "--large", "none", *options],
                               stdout=subprocess.PIPE, text=True, env=environment)
    line = process.stdout.readline()
    return process, json.loads(line)["url"] if line else sys.exit("the server did not start")


def main():
    light = os.path.join(models, "qwen2.5-0.5b/model.gguf")
    far = os.path.join(models, "smollm2-135m/model.gguf")
    if not (os.path.exists(light) and os.path.exists(far)):
        skip("qwen2.5-0.5b or smollm2-135m is not installed: yanxing pull")
    python = kept("python-" + "-".join(PYTHON).replace("==", "-"), python_clients) or skip("pip has no clients")
    servers, ends = [], 0
    with tempfile.TemporaryDirectory() as folder:
        try:
            first, far_url = serve(["--model", far, "--slots", "2", "--context", "4096"], folder)
            servers.append(first)
            second, url = serve(["--model", light, "--contacts", assets + "/contacts.vcf", "--context", "8192",
                                 "--remote", far_url + "/v1", "--remote-model", "light"], folder)
            servers.append(second)
            ends += subprocess.run([python + "/bin/python", here + "/clients.py", url, assets]).returncode
            node = shutil.which("npm") and kept("node-" + NODE[0].replace("@", "-"), node_clients)
            if node:
                environment = {**os.environ, "YANXING_NODE_MODULES": node + "/node_modules"}
                ends += subprocess.run(["node", here + "/clients.mjs", url, assets], env=environment).returncode
            else:
                print("skipped: npm has no clients")
            if any(server.poll() is not None for server in servers):
                print("FAIL a server ended")
                ends += 1
        finally:
            for server in servers:
                server.terminate()
            for server in servers:
                server.wait(30)
    sys.exit(1 if ends else 0)


if __name__ == "__main__":
    main()
