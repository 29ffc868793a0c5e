/**
 * Promises of calls and sleeps. They know who is interested in them, so that a call which lost its race and is wanted by
 * nobody else can be called off.
 *
 * Each such promise has a node. Its source is the call, sleep or race that will settle it. A `then` or a race that waits for
 * a node is one interest in it, and the promise that comes of that has a node of its own, whose parents are the nodes it
 * waits for. A race that is over takes its interest away. A node that has lost all its interest is abandoned, and takes away
 * the interest that it has in its parents. Nothing else takes interest away: whatever is awaited, or was never waited for at
 * all, is not abandoned.
 *
 * P1. Only open sources are followed: one that has settled or was called off is not open.
 * P2. A promise that was called off never settles. Whoever waited for it does not go on; whoever looks at it from then on
 *     gets a rejected promise in its place.
 */
;({ intrinsics, reader }) => {
  const { AggregateError, apply, defineProperty, freeze, makeSet, Promise, promiseAny, promiseRace } = intrinsics
  const { method, place, promiseReject, promiseResolve, promiseThen, species } = intrinsics

  const makeNode = (source, parents) => ({ source, parents, interest: 0, isAbandoned: false })
  const unattached = makeNode({ kind: "none", open: false, isCancelled: false }, undefined)

  /** The node that the next promise gets. */
  let upcoming = unattached

  /** Sources of calls and sleeps that were abandoned since they were last collected. */
  const abandoned = makeSet()

  const withParents = (node, list) => {
    let result = list
    for (let parent = node.parents; parent !== undefined; parent = parent.next) {
      result = { node: parent.node, next: result }
    }
    return result
  }

  const revive = (node) => {
    for (let list = { node, next: undefined }; list !== undefined; ) {
      const { node: at, next } = list
      list = next
      if (at !== node) at.interest++
      if (!at.isAbandoned) continue
      at.isAbandoned = false
      list = withParents(at, list)
    }
  }

  const gain = (node) => {
    node.interest++
    if (node.isAbandoned) revive(node)
  }

  const lose = (node) => {
    for (let list = { node, next: undefined }; list !== undefined; ) {
      const { node: at, next } = list
      list = next
      if (--at.interest > 0) continue
      at.isAbandoned = true
      if (at.source.kind !== "race" && at.parents === undefined) abandoned.add(at.source)
      list = withParents(at, list)
    }
  }

  const isCalledOff = ({ hasOthers, isCancelled, kind, node, open }) => {
    if (kind !== "race") return isCancelled
    if (!open || hasOthers) return false
    for (let member = node.parents; member !== undefined; member = member.next) {
      if (!isCalledOff(member.node.source)) return false
    }
    return true
  }

  const calledOff = () =>
    promiseReject(reader.makeError("CancelledError", "the call was cancelled: it lost a race, or its run ended"))

  class CallPromise extends Promise {
    #node

    constructor(executor) {
      const node = upcoming
      upcoming = unattached
      super(executor)
      this.#node = node
    }

    // biome-ignore lint/suspicious/noThenProperty: a promise counts those who wait for it
    then(onFulfilled, onRejected) {
      const { source } = this.#node
      if (isCalledOff(source)) return promiseThen(calledOff(), onFulfilled, onRejected)
      if (source.open) {
        gain(this.#node)
        upcoming = makeNode(source, { node: this.#node, next: undefined })
      }
      try {
        return promiseThen(this, onFulfilled, onRejected)
      } finally {
        upcoming = unattached
      }
    }

    static nodeOf(value) {
      return typeof value === "object" && value !== null && #node in value ? value.#node : undefined
    }
  }

  const { nodeOf } = CallPromise
  delete CallPromise.nodeOf
  /*
   * Anything but `Promise` as constructor makes `await` call `then`; its species makes `then` return another `CallPromise`.
   */
  const constructor = freeze({ __proto__: null, [species]: CallPromise })
  defineProperty(CallPromise.prototype, "constructor", { value: constructor })
  freeze(CallPromise.prototype)
  freeze(CallPromise)

  const makePromise = (source, executor) => {
    source.node = makeNode(source, undefined)
    upcoming = source.node
    try {
      return new CallPromise(executor)
    } finally {
      upcoming = unattached
    }
  }

  /** What a race waits for in place of `value`. */
  const enter = (race, value) => {
    const node = nodeOf(value)
    if (node === undefined || !node.source.open || isCalledOff(node.source)) {
      race.hasOthers = true
      return node !== undefined && isCalledOff(node.source) ? calledOff() : promiseResolve(value)
    }
    gain(node)
    race.node.parents = { node, next: race.node.parents }
    return value
  }

  const end = (race) => {
    if (!race.open) return
    race.open = false
    const { isAbandoned, parents } = race.node
    race.node.parents = undefined
    if (isAbandoned) return
    for (let member = parents; member !== undefined; member = member.next) lose(member.node)
  }

  /** A promise that the first of two settlers to be called settles, which is the end of the race. */
  const makeRace = (join) => {
    const race = { kind: "race", open: true, isCancelled: false, hasOthers: false, node: undefined }
    return makePromise(race, (resolve, reject) => {
      const settler = (settle) => (value) => {
        end(race)
        settle(value)
      }
      try {
        join((value) => enter(race, value), settler(resolve), settler(reject))
      } catch (error) {
        end(race)
        throw error
      }
    })
  }

  const joinRace = (values) => (enter, resolve, reject) => {
    for (const value of values) promiseThen(enter(value), resolve, reject)
  }

  const joinAny = (values) => (enter, resolve, reject) => {
    const errors = []
    let count = 0
    let left = 1
    const miss = () => {
      if (--left === 0) reject(new AggregateError(errors, "All promises were rejected"))
    }
    for (const value of values) {
      const index = count++
      left++
      promiseThen(enter(value), resolve, (error) => {
        place(errors, index, error)
        miss()
      })
    }
    miss()
  }

  const statics = {
    race(values) {
      return this === Promise ? makeRace(joinRace(values)) : apply(promiseRace, this, [values])
    },
    any(values) {
      return this === Promise ? makeRace(joinAny(values)) : apply(promiseAny, this, [values])
    }
  }
  for (const name of ["race", "any"]) {
    defineProperty(Promise, name, { value: statics[name], writable: true, configurable: true })
  }

  return {
    /** A promise with a node, whose source is given. */
    makePromise,
    /** `then` of such a promise: what it gives is one as well, and losing interest in it is losing interest in the promise. */
    follow: method(CallPromise.prototype.then),
    /** Whether a value is a promise of a call, sleep or race that has not settled. */
    isPending: (value) => nodeOf(value)?.source.open === true,
    /** Takes out the sources of calls that nobody is interested in any more. */
    collect: (each) => {
      if (abandoned.size === 0) return
      abandoned.forEach((source) => {
        if (source.open && source.node.isAbandoned) each(source)
      })
      abandoned.clear()
    }
  }
}
