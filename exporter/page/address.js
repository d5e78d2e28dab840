// Addresses of the pages. Paths are relative, so that a proxy may put the exporter below a prefix.

import { subject } from './feed.js';

// The address of another page about the same runtime.
export function keepSubject(href) {
  const [rest, hash = ''] = href.split('#');
  const [path, query = ''] = rest.split('?');
  const about = [subject(), query].filter((part) => part !== '').join('&');
  return `${path || './'}${about === '' ? '' : `?${about}`}${hash === '' ? '' : `#${hash}`}`;
}

// An app as a query: what addresses and the exporter's documents name it by.
export const appQuery = ({ app, version }) =>
  new URLSearchParams(version ? { app, version } : { app }).toString();

export const appAddress = (app) => keepSubject(`app?${appQuery(app)}`);

export const workerAddress = ({ id }) => keepSubject(`worker?${new URLSearchParams({ worker: id })}`);

// "@team/shop@1.2.0": the version stands behind the last @ that is not the first character.
export function splitKey(key) {
  const at = key.lastIndexOf('@');
  return at > 0 ? { app: key.slice(0, at), version: key.slice(at + 1) } : { app: key, version: null };
}

export const keyOf = ({ app, version }) => (version ? `${app}@${version}` : app);
