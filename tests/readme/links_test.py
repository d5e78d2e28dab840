"""Every relative link and anchor of every Markdown file leads somewhere; the pages of exporter/docs name each other; the
README stays short."""
import unittest

from pages import ROOT, anchors, blocks, links, pages

DOCS = ROOT / "exporter/docs"
EXTERNAL = ("http://", "https://", "mailto:")


def broken() -> list[str]:
    found = []
    for page in pages():
        for link in links(page):
            if link.startswith(EXTERNAL):
                continue
            path, _, anchor = link.partition("#")
            target = (page.parent / path).resolve() if path else page
            if not target.is_relative_to(ROOT) or not target.exists():
                found.append(f"{page.relative_to(ROOT)}: {link}: no such file")
            elif anchor and (target.suffix != ".md" or anchor not in anchors(target)):
                found.append(f"{page.relative_to(ROOT)}: {link}: no such heading")
    return found


class LinksTest(unittest.TestCase):
    def test_every_link_leads_somewhere(self):
        self.assertEqual([], broken())

    def test_there_are_links(self):
        self.assertGreater(sum(len(links(page)) for page in pages()), 100)

    def test_anchors_are_those_of_github(self):
        self.assertIn("many-runtimes-probe", anchors(DOCS / "probe.md"))
        self.assertIn("buntimes-documented-api", anchors(DOCS / "api.md"))

    def test_the_pages_name_each_other(self):
        documents = sorted(DOCS.glob("*.md"))
        self.assertGreaterEqual(len(documents), 9)
        for page in [*documents, ROOT / "README.md"]:
            named = {(page.parent / link.partition("#")[0]).resolve() for link in links(page)}
            for other in documents:
                if other != page:
                    self.assertIn(other, named, f"{page.relative_to(ROOT)} does not link to it")

    def test_each_page_is_linked_from_another(self):
        named = {(page.parent / link.partition("#")[0]).resolve() for page in pages() for link in links(page)
                 if not link.startswith(EXTERNAL)}
        folders = {path for path in named if path.is_dir()}
        for page in pages():
            if page.name != "README.md" and ".github" not in page.parts:
                self.assertTrue(page in named or page.parent in folders, f"no page links to {page.relative_to(ROOT)}")

    def test_the_readme_is_short(self):
        self.assertLessEqual(len((ROOT / "README.md").read_text(encoding="utf-8").splitlines()), 180)

    def test_blocks_have_a_language(self):
        self.assertEqual([], [str(block) for name in ("README.md", "CONTRIBUTING.md") for block in blocks(ROOT / name)
                              if not block.language and "──" not in block.text])


if __name__ == "__main__":
    unittest.main()
