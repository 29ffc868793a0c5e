/** The arguments of a tool from the words of a command line. Throws `Misuse` with what is wrong and what is allowed. */
;({ schema: schemas }) => {
  class Misuse extends Error {}

  const misuse = (message) => {
    throw new Misuse(message)
  }

  const plain = (name) => name.replace(/[-_]/g, "").toLowerCase()

  /** The property that a flag names, exactly or but for case, dashes and underscores. */
  const propertyOf = (properties, name) => {
    if (name in properties) return name
    const alike = Object.keys(properties).filter((property) => plain(property) === plain(name))
    return alike.length === 1 ? alike[0] : undefined
  }

  const flagsOf = (schema, root, prefix = "", depth = 0) =>
    Object.entries(schemas.properties(schema, root)).flatMap(([name, property]) => {
      const below = schemas.properties(property, root)
      const flag = { name: `${prefix}${name}`, property, above: schema }
      return depth < 3 && Object.keys(below).length > 0
        ? [flag, ...flagsOf(property, root, `${prefix}${name}.`, depth + 1)]
        : [flag]
    })

  const listed = (schema, root) => {
    const flags = Object.keys(schemas.properties(schema, root)).map((name) => `--${name}`)
    if (flags.length > 0) return `it takes ${flags.join(", ")}`
    return schemas.isOpen(schema, root) ? "no flags are known of it" : "it takes no flags"
  }

  /** Where a flag leads: the names of properties from the outside in, and the schema of the last. */
  const targetOf = (flag, root) => {
    const path = []
    let schema = root
    for (const name of flag.split(".")) {
      const property = propertyOf(schemas.properties(schema, root), name)
      if (property === undefined && !schemas.isOpen(schema, root)) return undefined
      path.push(property ?? name)
      schema = property === undefined ? {} : schemas.properties(schema, root)[property]
    }
    return { path, schema }
  }

  const isOfType = (schema, root, type) => schemas.types(schema, root).includes(type)

  /** What an object has itself: a flag may be called `__proto__`. */
  const own = (target, name) => (Object.hasOwn(target, name) ? target[name] : undefined)

  const define = (target, name, value) =>
    Object.defineProperty(target, name, { value, writable: true, enumerable: true, configurable: true })

  const put = (target, path, value, isRepeatable) => {
    let at = target
    for (const name of path.slice(0, -1)) {
      if (!schemas.isObject(own(at, name))) define(at, name, {})
      at = at[name]
    }
    const last = path[path.length - 1]
    const before = own(at, last)
    define(at, last, isRepeatable && Array.isArray(before) ? [...before, ...value] : value)
  }

  const valueOf = (flag, text, schema, root) => {
    const isList = isOfType(schema, root, "array")
    const whole = schemas.read(text, schema, root)
    if (isList && !Array.isArray(whole?.value)) {
      const items = schemas.items(schema, root)
      const item = schemas.read(text, items, root)
      if (item === undefined)
        misuse(
          `--${flag} takes ${schemas.describe(items, root)}, several times if need be; not ${JSON.stringify(text)}`
        )
      return [item.value]
    }
    if (whole === undefined) misuse(`--${flag} takes ${schemas.describe(schema, root)}, not ${JSON.stringify(text)}`)
    return whole.value
  }

  const negated = (flag, root) => {
    if (!flag.startsWith("no-") || targetIsNamed(flag, root)) return undefined
    const target = targetOf(flag.slice(3), root)
    return target !== undefined && isOfType(target.schema, root, "boolean") ? target : undefined
  }

  const targetIsNamed = (flag, root) => propertyOf(schemas.properties(root, root), flag) !== undefined

  const fromJson = (text) => {
    try {
      return JSON.parse(text)
    } catch (error) {
      return misuse(`--json takes a JSON object: ${error.message}`)
    }
  }

  /** Puts `given` into `target`, objects into objects. */
  const merge = (target, given) => {
    for (const [name, value] of Object.entries(given)) {
      const before = own(target, name)
      put(target, [name], schemas.isObject(before) && schemas.isObject(value) ? merge({ ...before }, value) : value)
    }
    return target
  }

  const needAll = (value, schema, root, prefix = "") => {
    const missing = schemas.required(schema, root).filter((name) => !Object.hasOwn(value, name))
    if (missing.length > 0) {
      const flags = missing.map((name) => `--${prefix}${name}`).join(", ")
      misuse(`${flags} ${missing.length === 1 ? "is" : "are"} required`)
    }
    for (const [name, property] of Object.entries(schemas.properties(schema, root))) {
      if (schemas.isObject(value[name])) needAll(value[name], property, root, `${prefix}${name}.`)
    }
  }

  return {
    Misuse,
    flagsOf,
    /** The argument of a tool. `stdin` gives what `--json -` reads. */
    read: (words, schema, stdin) => {
      const root = schemas.isObject(schema) ? schema : {}
      const flags = {}
      let json
      for (let index = 0; index < words.length; index++) {
        const word = words[index]
        if (!word.startsWith("--") || word === "--") misuse(`${JSON.stringify(word)} is no flag: ${listed(root, root)}`)
        const equals = word.indexOf("=")
        const flag = word.slice(2, equals < 0 ? undefined : equals)
        let text = equals < 0 ? undefined : word.slice(equals + 1)
        const following = words[index + 1]
        if (flag === "json" && !targetIsNamed("json", root)) {
          if (text === undefined) index++
          text ??= following ?? misuse("--json takes a JSON object, or - to read it")
          json = fromJson(text === "-" ? stdin() : text)
          continue
        }
        const negation = text === undefined ? negated(flag, root) : undefined
        if (negation !== undefined) {
          put(flags, negation.path, false)
          continue
        }
        const target = targetOf(flag, root) ?? misuse(`--${flag} is not known: ${listed(root, root)}`)
        if (
          text === undefined &&
          isOfType(target.schema, root, "boolean") &&
          following !== "true" &&
          following !== "false"
        ) {
          put(flags, target.path, true)
          continue
        }
        if (text === undefined) {
          if (following === undefined) misuse(`--${flag} takes ${schemas.describe(target.schema, root)}`)
          text = following
          index++
        }
        put(flags, target.path, valueOf(flag, text, target.schema, root), isOfType(target.schema, root, "array"))
      }
      if (json !== undefined && !schemas.isObject(json)) {
        return Object.keys(flags).length === 0
          ? json
          : misuse("--json takes a JSON object where there are flags beside it")
      }
      const value = merge(json ?? {}, flags)
      needAll(value, root, root)
      return value
    }
  }
}
