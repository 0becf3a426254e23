/** Owns how elements are made: from names, attributes and text, never from HTML, since what is shown comes from others. */
const SVG = 'http://www.w3.org/2000/svg'

export function element(name, attributes = {}, ...children) {
  return fill(document.createElement(name), attributes, children)
}

export function shape(name, attributes = {}, ...children) {
  return fill(document.createElementNS(SVG, name), attributes, children)
}

export function byId(id) {
  return document.getElementById(id)
}

/** Writes text only where it differs: screen readers repeat what is written again, and selections survive. */
export function setText(node, text) {
  if (node.textContent !== text) node.textContent = text
}

function fill(node, attributes, children) {
  for (const [key, value] of Object.entries(attributes)) {
    if (value !== null && value !== false) node.setAttribute(key, value === true ? '' : String(value))
  }
  node.append(...children)
  return node
}
