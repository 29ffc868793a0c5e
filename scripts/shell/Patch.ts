/** A change to a text of a dependency. `find` must be in it exactly once: a text that reads otherwise is another version. */
export interface Patch {
  readonly why: string
  readonly find: string
  readonly replace: string
}

export const apply = (source: string, patches: ReadonlyArray<Patch>): string =>
  patches.reduce((text, { find, replace, why }) => {
    const [before, after, ...others] = text.split(find)
    if (before === undefined || after === undefined || others.length > 0) {
      throw new Error(`${why}: found ${others.length + (after === undefined ? 0 : 1)} times, not once: ${find}`)
    }
    return `${before}${replace}${after}`
  }, source)
