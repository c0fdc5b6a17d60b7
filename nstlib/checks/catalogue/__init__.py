"""Every question of the exercises as data, a module each, named as its id: ``ex02.gram`` is in ``ex02_gram``."""
