__version__ = '2.11.0+stub'
cuda: 'Optional[str]' = '13.0'
