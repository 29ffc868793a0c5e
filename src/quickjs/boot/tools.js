/**
 * The tools that the guest may know of, and the proxies by which it calls any path.
 *
 * To know a tool is not to be allowed it: whatever path a guest calls is put to the host, and the host decides.
 */
;({ intrinsics, run }) => {
  const { defineProperty, freeze, getOwnPropertyDescriptor, global, hasOwn, indexOf, ownKeys } = intrinsics
  const { parse, place, Proxy, slice, stringify, TypeError } = intrinsics

  /** What the language and consoles look up on anything: part of a path only where a tool that is known has it. */
  const reserved = { __proto__: null }
  for (const name of ["apply", "bind", "call", "constructor", "length", "name", "prototype", "then"])
    reserved[name] = true
  for (const name of ["toJSON", "toString", "valueOf"]) reserved[name] = true

  /** Pairs of a path and the JSON of what may be known of it. */
  let known = []
  let roots = { __proto__: null }

  const join = (path, name) => (path === "" ? name : `${path}.${name}`)

  const firstOf = (path) => slice(path, 0, indexOf(path, ".") < 0 ? path.length : indexOf(path, "."))

  /** Calls `visit` with the rest of every known path that is `path` or below it. */
  const eachBelow = (path, visit) => {
    const start = path === "" ? "" : `${path}.`
    for (let index = 0; index < known.length; index++) {
      const id = known[index][0]
      if (id === path) visit("")
      else if (slice(id, 0, start.length) === start) visit(slice(id, start.length))
    }
  }

  const isKnown = (path) => {
    let found = false
    eachBelow(path, () => {
      found = true
    })
    return found
  }

  const namesBelow = (path) => {
    const names = []
    const seen = { __proto__: null }
    eachBelow(path, (rest) => {
      const name = firstOf(rest)
      if (name === "" || seen[name] === true) return
      seen[name] = true
      place(names, names.length, name)
    })
    return names
  }

  const refuse = () => false

  const traps = freeze({
    __proto__: null,
    apply(_target, _self, args) {
      if (this.path === "") throw new TypeError("tools is not a tool: call one by its path, as tools.mail.send(...)")
      return run.call(this.path, args)
    },
    get(_target, key) {
      if (typeof key === "symbol") return undefined
      const path = join(this.path, key)
      return reserved[key] === true && !isKnown(path) ? undefined : make(path)
    },
    has(_target, key) {
      return typeof key === "string" && isKnown(join(this.path, key))
    },
    ownKeys() {
      return namesBelow(this.path)
    },
    getOwnPropertyDescriptor(_target, key) {
      if (typeof key === "symbol") return undefined
      const path = join(this.path, key)
      if (isKnown(path))
        return { __proto__: null, value: make(path), writable: false, enumerable: true, configurable: true }
      if (key !== "name") return undefined
      return { __proto__: null, value: this.path, writable: false, enumerable: false, configurable: true }
    },
    set: refuse,
    defineProperty: refuse,
    deleteProperty: refuse,
    preventExtensions: refuse,
    setPrototypeOf: refuse
  })

  const make = (path) => new Proxy(() => {}, { __proto__: traps, path })

  const takeRootsBack = () => {
    const names = ownKeys(roots)
    for (let index = 0; index < names.length; index++) {
      const name = names[index]
      if (getOwnPropertyDescriptor(global, name)?.value === roots[name]) delete global[name]
    }
    roots = { __proto__: null }
  }

  const giveRoots = (names) => {
    for (let index = 0; index < names.length; index++) {
      const name = names[index]
      if (hasOwn(global, name)) continue
      roots[name] = make(name)
      defineProperty(global, name, { __proto__: null, value: roots[name], writable: true, configurable: true })
    }
  }

  return {
    globals: {
      tools: make(""),
      listTools: () => {
        const ids = []
        for (let index = 0; index < known.length; index++) place(ids, index, known[index][0])
        return ids
      },
      getToolInfo: (id) => {
        for (let index = 0; index < known.length; index++) if (known[index][0] === id) return parse(known[index][1])
        return undefined
      }
    },
    /** What may be known, as it was granted. */
    granted: () => {
      let text = "["
      for (let index = 0; index < known.length; index++) {
        text += `${index === 0 ? "" : ","}[${stringify(known[index][0])},${stringify(known[index][1])}]`
      }
      return `${text}]`
    },
    /**
     * Replaces what may be known, and says with which names tools begin that may not. A first segment becomes a global of that name,
     * unless there is one already.
     */
    grant: (text, others) => {
      takeRootsBack()
      known = parse(text)
      giveRoots(namesBelow(""))
      giveRoots(parse(others))
    }
  }
}
