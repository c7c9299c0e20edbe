"""Models that are there already: stores made by hand, laid out as huggingface_hub and ollama do."""

import shutil

from inputs import *
from trial import expect

H = ids("h")[0]
ABC = speaker(chain(H, ids("abc")))
COMMIT = "0123456789abcdef0123456789abcdef01234567"


def cached(name, made, commit=COMMIT, main=True, hub="hub"):
    """Moves a folder into the Hugging Face cache as huggingface_hub keeps it: files are blobs, the
    snapshot links to them."""
    repository = os.path.join(hub, "models--" + name.replace("/", "--"))
    snapshot = os.path.join(repository, "snapshots", commit)
    for folder_ in (os.path.join(repository, "blobs"), os.path.join(repository, "refs"), snapshot):
        os.makedirs(folder_, exist_ok=True)
    for i, file in enumerate(sorted(os.listdir(made))):
        blob = f"{commit[:8]}{i:056x}"
        shutil.move(os.path.join(made, file), os.path.join(repository, "blobs", blob))
        os.symlink(f"../../blobs/{blob}", os.path.join(snapshot, file))
    if main:
        write(os.path.join(repository, "refs", "main"), commit)
    return {"HF_HUB_CACHE": os.path.abspath(hub), "OLLAMA_MODELS": os.path.abspath("none")}


def pulled(place, path, models="ollama", layers=(), colon=False):
    """Puts a GGUF file into ollama's store under manifests/PLACE."""
    digest = "a" * 60 + f"{len(place):04x}"
    os.makedirs(os.path.join(models, "blobs"), exist_ok=True)
    manifest = os.path.join(models, "manifests", place)
    os.makedirs(os.path.dirname(manifest), exist_ok=True)
    size = os.path.getsize(path)
    shutil.move(path, os.path.join(models, "blobs", f"sha256{':' if colon else '-'}{digest}"))
    kind = "application/vnd.ollama.image."
    layer = dict(mediaType=kind + "model", digest=f"sha256:{digest}", size=size)
    made = dict(schemaVersion=2, mediaType="application/vnd.docker.distribution.manifest.v2+json")
    more = [dict(mediaType=kind + name, digest="sha256:" + "b" * 64, size=9) for name in layers]
    write(manifest, json.dumps(made | dict(config={}, layers=[*more, layer])))
    return {"OLLAMA_MODELS": os.path.abspath(models), "HF_HUB_CACHE": os.path.abspath("none")}


def said(t, env, model, *words):
    usual = ("--raw", "-p", "h", "--json", "--mode", "fp32", "--greedy", "-n", 3)
    return t.nety("generate", model, *usual, *words, env=env)


def huggingface_names(t):
    """org/name in the Hugging Face cache, wherever the variables put it."""
    for name, where in t.each(
        hub=("org/small", lambda hub: {"HF_HUB_CACHE": hub}),
        home=("org/small", lambda hub: {"HF_HOME": os.path.dirname(hub), "HF_HUB_CACHE": ""}),
        xdg=("org/a-b.c_d", lambda hub: {"XDG_CACHE_HOME": os.path.dirname(os.path.dirname(hub))}),
        plain=("small", lambda hub: {"HF_HUB_CACHE": hub}),
    ):
        hub = os.path.join("cache", "huggingface", "hub")
        cached(name, folder("m", ABC), hub=hub)
        env = {"HF_HUB_CACHE": "", "HF_HOME": ""} | where(os.path.abspath(hub))
        said(t, env, name).gives(text="abc")
        t.nety("fit", name, env=env).ok()
        t.nety("tokenize", name, "-p", "hello", "--json", env=env).gives(ids=[HELLO])
        listed = t.nety("models", env=env).ok().out
        expect(name in listed and "runs here (fp32)" in listed, f"{name} that runs", listed)


def huggingface_revisions(t):
    """main is what a name means; others by branch, tag or commit; the latest where nothing is."""
    other = "f" * 40
    env = cached("org/two", folder("m", speaker(chain(H, ids("xyz")))), commit=other)
    cached("org/two", folder("n", ABC))
    write("hub/models--org--two/refs/v1", other)
    said(t, env, "org/two").gives(text="abc")
    said(t, env, "org/two@v1").gives(text="xyz")
    said(t, env, "org/two@ffff").gives(text="xyz")
    said(t, env, "org/two@nope").exits(2).says("nope", COMMIT)
    os.remove("hub/models--org--two/refs/main")
    said(t, env, "org/two").ok()


def huggingface_files(t):
    """A repository of GGUF files: the one file, or one by its name; several are listed."""
    os.mkdir("one")
    gguf("one/small.Q8.gguf", gguf_keys(pre="gpt-2"), gguf_tensors(ABC))
    shutil.copytree("one", "many")
    shutil.copy("one/small.Q8.gguf", "many/other.gguf")
    env = cached("org/one", "one")
    cached("org/many", "many")
    said(t, env, "org/one").gives(text="abc")
    said(t, env, "org/one/small.Q8.gguf").gives(text="abc")
    said(t, env, "org/many").exits(2).says("small.Q8.gguf", "other.gguf")
    said(t, env, "org/many/other.gguf").gives(text="abc")
    said(t, env, "org/many/third.gguf").exits(2).says("third.gguf", "other.gguf")


def huggingface_unfinished(t):
    """Downloads that did not end, and what has no weights, say so; no store is no error."""
    env = cached("org/half", folder("m", None))
    write("hub/models--org--half/blobs/0000.incomplete", "x")
    said(t, env, "org/half").exits(2, 7).says("did not end")
    t.nety("models", env=env).ok().says("org/half", "did not end")
    os.makedirs("hub/models--org--empty/refs")
    t.nety("models", env=env).ok().says("org/empty")
    said(t, env, "org/absent").exits(1, 2, 7).says("org/absent")
    nowhere = {"HF_HUB_CACHE": os.path.abspath("no"), "OLLAMA_MODELS": os.path.abspath("none")}
    t.nety("models", "--json", env=nowhere | {"XDG_CACHE_HOME": os.path.abspath("no")}).gives(
        models=[]
    )


def a_path_comes_first(t):
    """What exists in the working folder is meant, not the cache."""
    env = cached("org/small", folder("m", speaker(chain(H, ids("xyz")))))
    folder("org/small", ABC)
    said(t, env, "org/small").gives(text="abc")


def ollama_names(t):
    """ollama:NAME[:TAG], of its own registry, a user's, or another host's; blobs with a colon in
    their names, as older versions kept them."""
    for place, name, colon in t.each(
        plain=("registry.ollama.ai/library/small/latest", "ollama:small", False),
        tag=("registry.ollama.ai/library/small3.2/1b", "ollama:small3.2:1b", False),
        user=("registry.ollama.ai/me/small/latest", "ollama:me/small", False),
        host=("hf.co/org/small-GGUF/Q8_0", "ollama:hf.co/org/small-GGUF:Q8_0", False),
        older=("registry.ollama.ai/library/small/old", "ollama:small:old", True),
    ):
        gguf("m.gguf", gguf_keys(pre="gpt-2"), gguf_tensors(ABC))
        env = pulled(place, "m.gguf", layers=("license", "template", "params"), colon=colon)
        said(t, env, name).gives(text="abc")
        row = t.nety("models", "--json", env=env).ok().json()["models"][-1]
        expect((row["name"], row["runs"], row["format"]) == (name, True, "gguf"), name, row)
        expect(row["bytes"] == os.path.getsize(row["path"]), "its size", row)
        said(t, env, name + "x").exits(2).says(name)


def ollama_broken(t):
    """Manifests that cannot be read, blobs that are not there, adapters: said by name."""
    gguf("m.gguf", gguf_keys(pre="gpt-2"), gguf_tensors(ABC))
    shutil.copy("m.gguf", "n.gguf")
    env = pulled("registry.ollama.ai/library/gone/latest", "m.gguf")
    shutil.rmtree("ollama/blobs")
    pulled("registry.ollama.ai/library/lora1/latest", "n.gguf", layers=("adapter",))
    write("ollama/manifests/registry.ollama.ai/library/gone/bad", "{")
    write("ollama/manifests/registry.ollama.ai/library/gone/list", '{"layers": [1, "a", {}]}')
    said(t, env, "ollama:gone").exits(2).says("not here")
    said(t, env, "ollama:gone:bad").exits(2).says("manifest")
    said(t, env, "ollama:gone:list").exits(2).says("no model file")
    said(t, env, "ollama:lora1").exits(2).says("adapter")
    said(t, env, "ollama:../../etc/passwd").exits(2)
    listed = t.nety("models", env=env).ok()
    listed.says("ollama:gone:bad", "ollama:lora1", "adapter")
    t.nety("--lang", "fr", "models", env=env).ok().says("ne fonctionne pas ici")


def what_does_not_run(t):
    """A model of a kind that is not supported is listed, with the reason that opening it gives."""
    env = cached(
        "org/other",
        folder("m", ABC, config_=dict(model_type="mamba", architectures=["MambaForCausalLM"])),
    )
    row = t.nety("models", "--json", env=env).ok().json()["models"][-1]
    expect(not row["runs"] and "Mamba" in row["reason"], "a reason with Mamba", row)
