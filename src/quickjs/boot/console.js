/** The guest's `console`. Each call is one write to the host. */
;({ host, inspect, intrinsics, table, text }) => {
  const { defineProperty, Error, indexOf, makeMap, now, Number, ownKeys, parseFloat, parseInt } = intrinsics
  const { slice, stringify } = intrinsics

  const indentMax = 80

  const labels = makeMap()
  const starts = makeMap()
  let indent = ""
  let room = 0
  let isMuted = false

  const print = (stream, line) => {
    if (isMuted) return
    const whole = indent === "" ? line : indent + text.replace(line, "\n", `\n${indent}`)
    isMuted = host("output", stream, `${slice(whole, 0, room)}\n`) === true
  }

  const plain = (value) => (typeof value === "string" ? value : inspect.show(value))

  const number = (value, read) => {
    if (typeof value === "bigint") return `${value}n`
    return typeof value === "symbol" || typeof value === "object" ? "NaN" : `${read(value)}`
  }

  /** What a directive such as `%s` makes of a value, or `undefined` if it is none. */
  const directed = (directive, value) => {
    switch (directive) {
      case "s":
        return plain(value)
      case "d":
        return number(value, Number)
      case "i":
        return number(value, parseInt)
      case "f":
        return number(value, parseFloat)
      case "j":
        return stringify(value)
      case "o":
      case "O":
        return inspect.show(value)
      case "c":
        return ""
      default:
        return undefined
    }
  }

  const format = (values) => {
    let line = ""
    let used = 0
    if (values.length > 1 && typeof values[0] === "string" && indexOf(values[0], "%") >= 0) {
      const pattern = values[0]
      used = 1
      for (let from = 0; from < pattern.length; ) {
        const at = indexOf(pattern, "%", from)
        line += slice(pattern, from, at < 0 ? pattern.length : at)
        if (at < 0) break
        const directive = slice(pattern, at + 1, at + 2)
        const isEscaped = directive === "%"
        const shown = isEscaped || used === values.length ? undefined : directed(directive, values[used])
        if (shown !== undefined) used++
        line += shown ?? (isEscaped ? "%" : `%${directive}`)
        from = at + 2
      }
    }
    for (; used < values.length; used++) line += used === 0 ? plain(values[used]) : ` ${plain(values[used])}`
    return line
  }

  const log = (stream) =>
    function log(...values) {
      print(stream, format(values))
    }
  const label = (name) => (name === undefined ? "default" : `${name}`)

  const elapsed = (name) => `${name}: ${now() - (starts.get(name) ?? now())}ms`

  const methods = {
    __proto__: null,
    debug: log("stdout"),
    info: log("stdout"),
    log: log("stdout"),
    dirxml: log("stdout"),
    warn: log("stderr"),
    error: log("stderr"),
    dir(value) {
      print("stdout", inspect.show(value))
    },
    table(items) {
      print("stdout", typeof items === "object" && items !== null ? table(items) : plain(items))
    },
    trace(...values) {
      const line = format(values)
      print(
        "stderr",
        `Trace${line === "" ? "" : `: ${line}`}
${text.guestFrames(new Error().stack)}`
      )
    },
    assert(condition, ...values) {
      if (!condition) print("stderr", `Assertion failed${values.length === 0 ? "" : `: ${format(values)}`}`)
    },
    count(name) {
      const counted = label(name)
      labels.set(counted, (labels.get(counted) ?? 0) + 1)
      print("stdout", `${counted}: ${labels.get(counted)}`)
    },
    countReset(name) {
      labels.delete(label(name))
    },
    group(...values) {
      if (values.length > 0) print("stdout", format(values))
      if (indent.length < indentMax) indent += "  "
    },
    groupEnd() {
      indent = slice(indent, 2)
    },
    time(name) {
      starts.set(label(name), now())
    },
    timeLog(name) {
      print("stdout", elapsed(label(name)))
    },
    timeEnd(name) {
      print("stdout", elapsed(label(name)))
      starts.delete(label(name))
    }
  }
  methods.groupCollapsed = methods.group
  const console = {}
  for (const name of ownKeys(methods)) {
    defineProperty(console, name, { value: methods[name], writable: true, configurable: true, enumerable: true })
  }

  return {
    console,
    /** A run begins: nothing is counted, timed or indented, and a line has at most `characters`. */
    begin: (characters) => {
      room = characters
      isMuted = false
      indent = ""
      labels.clear()
      starts.clear()
    }
  }
}
