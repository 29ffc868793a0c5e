/** The command `tool`, by which scripts call tools: the same calls as JavaScript's, which the same host decides on. */
;({ flags, run, schema: schemas, tools, web }) => {
  const { getToolInfo, listTools } = tools.globals

  const usage = `usage: tool NAME [--flag VALUE]... [--json OBJECT|-]
       tool NAME --help
       tool --list [PREFIX]
`
  const nearMax = 3

  const end = (exitCode, stdout, stderr) => ({ stdout, stderr, exitCode, stdoutKind: "text" })

  const firstLine = (text) => (typeof text === "string" ? text.trim().split("\n")[0] : "")

  const list = (prefix) => {
    const found = listTools().filter((path) => path.startsWith(prefix))
    if (found.length === 0 && prefix !== "") return end(1, "", `tool: no tool begins with ${prefix}\n`)
    const lines = found.map((path) => `${path}\t${firstLine(getToolInfo(path).description)}`.trimEnd())
    return end(0, lines.map((line) => `${line}\n`).join(""), "")
  }

  const flagLine = ({ above, name, property }, root) => {
    const own = name.slice(name.lastIndexOf(".") + 1)
    const required = schemas.required(above, root).includes(own) ? " (required)" : ""
    const isList = schemas.types(property, root).includes("array")
    const allowed = isList
      ? `${schemas.describe(schemas.items(property, root), root)}; may be repeated`
      : schemas.describe(property, root)
    const description = schemas.description(property, root)
    const words = typeof description === "string" ? `\n      ${description.trim().replace(/\n/g, "\n      ")}` : ""
    return `  --${name}  ${allowed}${required}${words}\n`
  }

  const help = (path, info) => {
    const root = schemas.isObject(info.input) ? info.input : {}
    const known = flags.flagsOf(root, root)
    const description = info.description ? `${info.description.trim()}\n\n` : ""
    const lines =
      known.length === 0 ? "It takes no flags.\n" : `Flags:\n${known.map((flag) => flagLine(flag, root)).join("")}`
    return end(0, `usage: tool ${path} [--flag VALUE]... [--json OBJECT|-]\n\n${description}${lines}`, "")
  }

  /** How many letters differ, about. */
  const distance = (left, right) => {
    let row = Array.from({ length: right.length + 1 }, (_, index) => index)
    for (let at = 1; at <= left.length; at++) {
      const next = [at]
      for (let to = 1; to <= right.length; to++) {
        const isSame = left[at - 1] === right[to - 1]
        next[to] = Math.min(next[to - 1] + 1, row[to] + 1, row[to - 1] + (isSame ? 0 : 1))
      }
      row = next
    }
    return row[right.length]
  }

  const near = (path) => {
    const wanted = path.slice(0, 256).toLowerCase()
    const last = (name) => name.slice(name.lastIndexOf(".") + 1).toLowerCase()
    const scored = listTools().map((name) => {
      const isPart = name.toLowerCase().includes(wanted) || last(name) === last(wanted)
      return { name, score: isPart ? 0 : distance(wanted, name.toLowerCase()) }
    })
    const close = scored.filter(({ score }) => score <= Math.max(2, wanted.length / 3))
    return close
      .sort((left, right) => left.score - right.score)
      .slice(0, nearMax)
      .map(({ name }) => name)
  }

  /** Which tools are like one that is not known. */
  const hint = (path) => {
    const alike = near(path)
    return alike.length === 0 ? 'see "tool --list"' : `did you mean ${alike.join(" or ")}?`
  }

  const unknown = (path) => end(127, "", `tool: ${path}: there is no such tool; ${hint(path)}\n`)

  /** A value as JSON can have it. */
  const plain = (_key, value) => {
    if (typeof value === "bigint") return `${value}`
    if (value instanceof Map) return [...value]
    if (value instanceof Set) return [...value]
    if (value instanceof Uint8Array) return value.toBase64()
    return value instanceof Error ? { name: value.name, message: value.message } : value
  }

  const print = (value) => {
    if (value === undefined) return end(0, "", "")
    if (value instanceof Uint8Array) {
      return { stdout: atob(value.toBase64()), stderr: "", exitCode: 0, stdoutKind: "bytes", stdoutEncoding: "binary" }
    }
    return end(0, `${typeof value === "string" ? value : JSON.stringify(value, plain)}\n`, "")
  }

  const aborted = (signal) =>
    new Promise((resolve) => {
      if (signal?.aborted) resolve(end(124, "", ""))
      signal?.addEventListener("abort", () => resolve(end(124, "", "")))
    })

  const failed = (path, error) => {
    const advice = getToolInfo(path) === undefined ? `; ${hint(path)}` : ""
    return end(1, "", `tool: ${path}: ${error?.name || "Error"}: ${error?.message ?? error}${advice}\n`)
  }

  /** Calls it, be it known or not: the host decides. The call is called off if the command is given up first. */
  const call = async (path, argument, signal) => {
    try {
      const answered = run.call(path, [argument])
      const race = signal === undefined ? [answered] : [answered, aborted(signal)]
      const value = await (race.length === 1 ? answered : Promise.race(race))
      return signal?.aborted ? end(124, "", "") : print(value)
    } catch (error) {
      return failed(path, error)
    }
  }

  const stdinOf = (context) => () => {
    try {
      return web.decode(context.stdin)
    } catch {
      throw new flags.Misuse("--json - reads UTF-8")
    }
  }

  const execute = async (words, context) => {
    const [name, ...rest] = words
    if (name === undefined) return end(2, "", usage)
    if (name === "--help" || name === "-h") return end(0, usage, "")
    if (name === "--list" || name === "-l") {
      return rest.length > 1 ? end(2, "", usage) : list(rest[0] ?? "")
    }
    if (name.startsWith("-")) return end(2, "", `tool: ${name} is not known\n${usage}`)
    const info = getToolInfo(name)
    if (rest.some((word) => word === "--help" || word === "-h")) {
      return info === undefined ? unknown(name) : help(name, info)
    }
    let argument
    try {
      argument = flags.read(rest, info?.input, stdinOf(context))
    } catch (error) {
      if (!(error instanceof flags.Misuse)) throw error
      const advice = info === undefined ? hint(name) : `see "tool ${name} --help"`
      return end(2, "", `tool: ${name}: ${error.message}; ${advice}\n`)
    }
    return call(name, argument, context.signal)
  }

  return { command: { name: "tool", execute } }
}
