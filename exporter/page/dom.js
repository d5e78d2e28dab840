// The few things that every part of the page does to the document. Text from outside only ever becomes a text node.

export const byId = (id) => document.getElementById(id);

// Leaves a node alone that says so already: screen readers announce, and browsers lay out, what is written.
export function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

export function setHref(link, href) {
  if (link.getAttribute('href') !== href) link.setAttribute('href', href);
}

export function element(tag, attributes = {}, ...children) {
  return fill(document.createElement(tag), attributes, children);
}

export function svg(tag, attributes = {}, ...children) {
  return fill(document.createElementNS('http://www.w3.org/2000/svg', tag), attributes, children);
}

// A name that may be in any script: it cannot turn its surroundings around.
export const outsideText = (text) => element('bdi', {}, text);

function fill(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.append(...children);
  return node;
}
