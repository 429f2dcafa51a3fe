"""The commit of this code where it has no git repository of its own.

`git archive`, which also makes the downloads of hosting sites, puts it in place of the words between the dollar signs
(.gitattributes).
"""

COMMIT = "$Format:%H$"
