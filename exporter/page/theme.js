// Runs before the first paint, so that a page in the other theme never flashes by. "auto" follows the system.
'use strict';

(() => {
  const KEY = 'buntime-theme';
  const THEMES = ['auto', 'light', 'dark'];
  const root = document.documentElement;

  // Storage may be forbidden: then the choice lasts as long as the page.
  const stored = () => {
    try {
      return localStorage.getItem(KEY);
    } catch {
      return null;
    }
  };
  const store = (theme) => {
    try {
      localStorage.setItem(KEY, theme);
    } catch {
      // Nothing to do: see above.
    }
  };

  let theme = THEMES.includes(stored()) ? stored() : 'auto';
  const apply = () => {
    root.dataset.theme = theme;
  };
  apply();
  root.dataset.scripted = '';

  document.addEventListener('DOMContentLoaded', () => {
    const button = document.getElementById('theme');
    const label = () => {
      button.lastElementChild.textContent = theme;
      button.setAttribute('aria-label', `Theme: ${theme}`);
    };
    label();
    button.addEventListener('click', () => {
      theme = THEMES[(THEMES.indexOf(theme) + 1) % THEMES.length];
      store(theme);
      apply();
      label();
    });
  });
})();
