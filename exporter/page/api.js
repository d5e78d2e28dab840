// The page "API": the OpenAPI document in the order and the words of people.

import { byId, element, setText } from './dom.js';
import { getJson } from './feed.js';

const follow = (document, node) =>
  (node.$ref ? node.$ref.split('/').slice(1).reduce((part, key) => part[key], document) : node);

const typeOf = ({ type, enum: values }) =>
  (values ? values.map((value) => value ?? 'null').join(', ') : [type].flat().join(' or '));

// The fields of a schema as rows: pool.size, workers[].id.
function fields(document, schema, path = '') {
  const resolved = follow(document, schema);
  if (resolved.items) return fields(document, resolved.items, `${path}[]`);
  return Object.entries(resolved.properties ?? {}).flatMap(([name, property]) => {
    const field = follow(document, property);
    const place = path === '' ? name : `${path}.${name}`;
    const below = fields(document, field, place);
    return below.length > 0 ? below : [[place, typeOf(field), field.description ?? '']];
  });
}

function table(heads, rows) {
  return element('table', { class: 'plain' },
    element('thead', {}, element('tr', {}, ...heads.map((head) => element('th', { scope: 'col' }, head)))),
    element('tbody', {}, ...rows.map(([first, ...others]) => element('tr', {},
      element('th', { scope: 'row' }, element('code', {}, first)), ...others.map((text) => element('td', {}, text))))));
}

function operation(document, path, method, { summary, parameters = [], responses }) {
  const address = `${document.servers[0].url}${path}`;
  const answers = Object.entries(responses).map(([status, response]) => [status, follow(document, response)]);
  const content = answers.find(([status]) => status === '200')[1].content ?? {};
  const [[kind, { schema }]] = Object.entries(content);
  const rows = fields(document, schema);
  const asked = parameters.map((parameter) => follow(document, parameter));
  return element('section', { class: 'card' },
    element('h2', {}, element('code', {}, `${method.toUpperCase()} ${address}`)), element('p', {}, `${summary}.`),
    ...(asked.length > 0 ? [table(['Parameter', 'In', 'Meaning'],
      asked.map(({ name, in: place, description }) => [name, place, description]))] : []),
    table(['Status', 'Meaning'], answers.map(([status, { description }]) => [status, description])),
    ...(rows.length > 0 ? [table([kind, 'Type', 'Meaning'], rows)] : []));
}

for (const id of ['link', 'pause']) byId(id).hidden = true;
try {
  const document = await getJson('metrics/api/metrics/openapi.json');
  setText(byId('about'), document.info.description);
  byId('operations').append(...Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, described]) => operation(document, path, method, described))));
  byId('status').dataset.state = 'read';
  setText(byId('status-text'), document.info.title);
} catch (error) {
  byId('status').dataset.state = 'refused';
  setText(byId('status-text'), `The description was not to be had: ${error.message}`);
}
