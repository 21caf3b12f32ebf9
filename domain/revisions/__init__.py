"""What two revisions of a document differ in: pages paired, words, strokes and pictures compared. Pure rules only."""
