/** The command `mktemp`: a file or a folder of a new name. */
;({ bash }) => {
  const usage = "usage: mktemp [-dqut] [-p DIRECTORY] [--suffix=TEXT] [TEMPLATE]\n"
  const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
  const attemptsMax = 100

  const end = (exitCode, stdout, stderr) => ({ stdout, stderr, exitCode })

  const read = (words) => {
    const given = { flags: new Set(), folder: undefined, suffix: "", template: undefined }
    const queue = [...words]
    for (let word = queue.shift(); word !== undefined; word = queue.shift()) {
      const [name, value] = word.split(/=(.*)/s)
      if (word === "-p" || name === "--tmpdir") given.folder = value ?? (word === "-p" ? queue.shift() : "/tmp")
      else if (name === "--suffix") given.suffix = value ?? queue.shift() ?? ""
      else if (name === "--directory") given.flags.add("d")
      else if (/^-[dqut]+$/.test(word)) for (const letter of word.slice(1)) given.flags.add(letter)
      else if (/^-./.test(word)) return undefined
      else given.template = word
    }
    return given
  }

  const filledIn = (template) =>
    template.replace(/X+(?=[^X]*$)/, (run) =>
      Array.from(run, () => letters[Math.trunc(Math.random() * letters.length)]).join("")
    )

  const execute = async (words, { cwd, fs }) => {
    const given = read(words)
    if (given === undefined) return end(1, "", usage)
    const { flags, suffix } = given
    const template = given.template ?? "tmp.XXXXXXXXXX"
    if (!/X{3}[^X/]*$/.test(template)) return end(1, "", `mktemp: too few X's in template '${template}'\n`)
    const folder = given.folder ?? (given.template === undefined || flags.has("t") ? "/tmp" : undefined)
    for (let attempt = 0; attempt < attemptsMax; attempt++) {
      const name = `${folder === undefined ? "" : `${folder.replace(/\/$/, "")}/`}${filledIn(template)}${suffix}`
      const path = fs.resolvePath(cwd, name)
      if (await fs.exists(path)) continue
      try {
        if (flags.has("u")) return end(0, `${name}\n`, "")
        if (flags.has("d")) await fs.mkdir(path)
        else await fs.writeFile(path, "")
        await fs.chmod(path, flags.has("d") ? 0o700 : 0o600)
      } catch (error) {
        const what = flags.has("d") ? "directory" : "file"
        return end(
          1,
          "",
          flags.has("q") ? "" : `mktemp: failed to create ${what} via template '${name}': ${bash.port.reason(error)}\n`
        )
      }
      return end(0, `${name}\n`, "")
    }
    return end(1, "", `mktemp: no name is free for '${template}'\n`)
  }

  return { command: { name: "mktemp", execute } }
}
