// The page of one worker.

import { appAddress, keyOf } from './address.js';
import { byId, setHref, setText } from './dom.js';
import { getJson, subject } from './feed.js';
import { showValues, startPage } from './shell.js';
import { complete } from './workerlist.js';

const wanted = new URLSearchParams(location.search).get('worker') ?? '';
setText(byId('title'), wanted);
let asked = 0;

async function show(known) {
  const question = ++asked;
  let worker = null;
  try {
    const about = [subject(), new URLSearchParams({ worker: wanted }).toString()].filter((part) => part !== '').join('&');
    [worker = null] = (await getJson('api/workers', about)).workers;
  } catch {
    return; // whether the exporter is there, the status line says
  }
  if (question !== asked) return;
  byId('values').hidden = worker === null;
  byId('none').hidden = worker !== null || !known;
  if (worker === null) return;
  setText(byId('app'), keyOf(worker));
  setHref(byId('app'), appAddress(worker));
  showValues({ worker: complete(worker) });
}

startPage({ onView: (view) => show(view.pool !== null) });
