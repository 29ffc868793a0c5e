type Given = ConstructorParameters<typeof globalThis.Intl.Segmenter>

/** `Intl.Segmenter`, made when it first has something to do: a table of the whole of Unicode is loaded for it. */
export class LazySegmenter {
  readonly #given: Given
  #made: globalThis.Intl.Segmenter | undefined

  constructor(...given: Given) {
    this.#given = given
  }

  segment(text: string): Intl.Segments {
    this.#made ??= new globalThis.Intl.Segmenter(...this.#given)
    return this.#made.segment(text)
  }
}
