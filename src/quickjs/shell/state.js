/** What a terminal remembers from one script to the next, of all that just-bash's interpreter has. */
;() => {
  /** Names of the interpreter's fields. What a script that is over left in the others is gone. */
  const remembered = [
    ...["arrays", "cwd", "declaredVars", "directoryStack", "env", "exportedVars", "functions", "hashTable"],
    ...["lastArg", "lastExitCode", "options", "previousDir", "shoptOptions"],
    ...["associativeArrays", "boundNamerefs", "integerVars", "invalidNamerefs", "lowercaseVars", "namerefs"],
    ...["readonlyVars", "uppercaseVars"],
    ...["completionSpecs", "defaultCompletionSpec", "emptyCompletionSpec"],
    ...["bashPid", "lastBackgroundPid", "nextVirtualPid", "startTime", "virtualGid", "virtualPid", "virtualPpid"],
    "virtualUid"
  ]

  const copyOf = (value) => {
    if (value instanceof Map) return new Map(value)
    if (value instanceof Set) return new Set(value)
    if (Array.isArray(value)) return [...value]
    return typeof value === "object" && value !== null ? { ...value } : value
  }

  const arraysOf = (arrays) =>
    new Map(Array.from(arrays ?? [], ([name, { elements, kind }]) => [name, { kind, elements: new Map(elements) }]))

  /** A state that changes by itself. */
  const copy = (state) => {
    const result = {}
    for (const name of Object.keys(state))
      result[name] = name === "arrays" ? arraysOf(state.arrays) : copyOf(state[name])
    return result
  }

  return {
    copy,
    /** The state in which the next script starts after one that ended in `state`. */
    after: (initial, state) => {
      const next = copy(initial)
      for (const name of remembered) next[name] = state[name]
      return next
    }
  }
}
