/** What `console.table` shows: a row for each item, a column for each of their keys. */
;({ inspect, intrinsics }) => {
  const { keys, max, padEnd, repeat } = intrinsics

  const rowsMax = 100
  const columnsMax = 20

  const makeColumns = () => ({ __proto__: null, length: 0, places: { __proto__: null } })

  const placeOf = (columns, name) => {
    const place = columns.places[name]
    if (place !== undefined || columns.length === columnsMax) return place
    columns[columns.length] = { name, width: name.length }
    columns.places[name] = columns.length
    return columns.length++
  }

  const fill = (columns, row, name, cell) => {
    const place = placeOf(columns, name)
    if (place === undefined) return
    row[place] = cell
    columns[place].width = max(columns[place].width, cell.length)
  }

  const readRow = (columns, index, item) => {
    const row = { __proto__: null }
    fill(columns, row, "(index)", index)
    if (typeof item !== "object" || item === null) {
      fill(columns, row, "Values", inspect.show(item))
      return row
    }
    const names = keys(item)
    for (let at = 0; at < names.length; at++) fill(columns, row, names[at], inspect.show(item[names[at]]))
    return row
  }

  const line = (columns, cellOf) => {
    let text = "│"
    for (let place = 0; place < columns.length; place++) {
      text += ` ${padEnd(cellOf(place), columns[place].width)} │`
    }
    return text
  }

  const rule = (columns, left, middle, right) => {
    let text = left
    for (let place = 0; place < columns.length; place++) {
      text += `${place === 0 ? "" : middle}${repeat("─", columns[place].width + 2)}`
    }
    return text + right
  }

  return (items) => {
    const names = keys(items)
    const columns = makeColumns()
    const rows = { __proto__: null, length: 0 }
    for (let index = 0; index < names.length && rows.length < rowsMax; index++) {
      rows[rows.length++] = readRow(columns, names[index], items[names[index]])
    }
    let text = `${rule(columns, "┌", "┬", "┐")}\n${line(columns, (place) => columns[place].name)}`
    text += `\n${rule(columns, "├", "┼", "┤")}`
    for (let at = 0; at < rows.length; at++) text += `\n${line(columns, (place) => rows[at][place] ?? "")}`
    text += `\n${rule(columns, "└", "┴", "┘")}`
    return names.length > rows.length ? `${text}\n... ${names.length - rows.length} more rows` : text
  }
}
