/** What a guest may know of one granted tool: what `listTools()` and `getToolInfo()` show. */
export interface ToolInfo {
  /** Dotted, as the guest calls it. */
  readonly path: string
  readonly description: string
  /** JSON Schema of the input. */
  readonly input: unknown
  /** JSON Schema of the output. */
  readonly output: unknown
}
