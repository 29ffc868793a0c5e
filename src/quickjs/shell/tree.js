/** The files of the machine in the shape that just-bash has for file systems. Its errors are those of the guest's `fs`. */
;({ bash, files }) => {
  const ask = (...request) => {
    try {
      return files.ask(...request)
    } catch (error) {
      bash.port.failed(error)
      throw error
    }
  }

  const encodingOf = (options) => (typeof options === "string" ? options : options?.encoding)

  const isOfBytes = (encoding) => encoding === "binary" || encoding === "latin1" || encoding === "ascii"

  const statOf = (operation, path) => {
    const { inode, kind, mode, modifiedMillis, size } = JSON.parse(ask(operation, path))
    return {
      isFile: kind === "file",
      isDirectory: kind === "directory",
      isSymbolicLink: kind === "symlink",
      mode,
      size,
      mtime: new Date(modifiedMillis),
      dev: 1,
      ino: inode
    }
  }

  const write = (kind, path, content, options) => {
    if (typeof content !== "string") return ask(`${kind}Bytes`, path, atob(content.toBase64()))
    const encoding = encodingOf(options)
    if (encoding === "base64") return ask(`${kind}Bytes`, path, atob(content))
    if (encoding === "hex") return ask(`${kind}Bytes`, path, atob(Uint8Array.fromHex(content).toBase64()))
    const isBytes = isOfBytes(encoding) && !/[^\0-\xff]/.test(content)
    return ask(isBytes ? `${kind}Bytes` : `${kind}Text`, path, content)
  }

  return {
    async readFile(path, options) {
      const encoding = encodingOf(options)
      if (encoding === "base64") return btoa(ask("readBytes", path))
      if (encoding === "hex") return Uint8Array.fromBase64(btoa(ask("readBytes", path))).toHex()
      return ask(isOfBytes(encoding) ? "readBytes" : "readText", path)
    },
    async readFileBytes(path) {
      return ask("readBytes", path)
    },
    async readFileBuffer(path) {
      return Uint8Array.fromBase64(btoa(ask("readBytes", path)))
    },
    async writeFile(path, content, options) {
      write("write", path, content, options)
    },
    async appendFile(path, content, options) {
      write("append", path, content, options)
    },
    async exists(path) {
      return ask("exists", path) === "1"
    },
    async stat(path) {
      return statOf("stat", path)
    },
    async lstat(path) {
      return statOf("lstat", path)
    },
    async mkdir(path, options) {
      ask("mkdir", path, options?.recursive ? "recursive" : "")
    },
    async readdir(path) {
      return JSON.parse(ask("readdir", path)).map(([name]) => name)
    },
    async readdirWithFileTypes(path) {
      return JSON.parse(ask("readdir", path)).map(([name, kind]) => ({
        name,
        isFile: kind === "file",
        isDirectory: kind === "directory",
        isSymbolicLink: kind === "symlink"
      }))
    },
    async rm(path, { force = false, recursive = false } = {}) {
      if (recursive) ask("rm", path, force ? "recursive,force" : "recursive")
      else if (force && ask("exists", path) === "0") ask("rm", path, "force")
      else if (statOf("lstat", path).isDirectory) ask("rmdir", path)
      else ask("rm", path, force ? "force" : "")
    },
    async cp(from, to, options) {
      ask("copy", from, to, options?.recursive ? "recursive" : "")
    },
    async mv(from, to) {
      ask("rename", from, to)
    },
    async chmod(path, mode) {
      ask("chmod", path, `${mode}`)
    },
    async symlink(target, path) {
      ask("symlink", target, path)
    },
    async link(existing, path) {
      ask("link", existing, path)
    },
    async readlink(path) {
      return ask("readlink", path)
    },
    async realpath(path) {
      return ask("realpath", path)
    },
    async utimes(path, _accessed, modified) {
      ask("utimes", path, `${Math.trunc(modified.getTime())}`)
    },
    getAllPaths: () => [],
    resolvePath: (base, path) => {
      const segments = []
      for (const segment of (path.startsWith("/") ? path : `${base}/${path}`).split("/")) {
        if (segment === "..") segments.pop()
        else if (segment !== "" && segment !== ".") segments.push(segment)
      }
      return `/${segments.join("/")}`
    }
  }
}
